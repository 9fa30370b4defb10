/// From a sealed dataset to a balanced one: [io.peregrine.balance.BalanceFlow] hears, three kinds of jobs work.
package io.peregrine.balance;
