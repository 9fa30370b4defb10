/// The commands of `./peregrine`.
package io.peregrine.launcher.cli;
