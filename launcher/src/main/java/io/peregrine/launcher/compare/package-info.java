/// Compares balancing strategies over several seeds.
package io.peregrine.launcher.compare;
