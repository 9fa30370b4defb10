/// From a sealed dataset to a balanced one. [io.peregrine.balance.BalanceFlow] receives the events; jobs do the
/// work.
package io.peregrine.balance;
