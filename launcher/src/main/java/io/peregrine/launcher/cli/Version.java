package io.peregrine.launcher.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/// The version in the POM, which Maven writes into `peregrine.properties`.
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
        Properties properties = new Properties();
        try (InputStream file = Version.class.getResourceAsStream("/peregrine.properties")) {
            if (file == null) {
                throw new IOException("peregrine.properties is missing. Build with ./peregrine or Maven.");
            }
            properties.load(file);
        }
        return new String[] {"Peregrine " + properties.getProperty("version")};
    }
}
