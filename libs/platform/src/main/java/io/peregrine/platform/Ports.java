package io.peregrine.platform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/// Ports on loopback.
public final class Ports {
    private Ports() {}

    /// @return a port that is free now
    public static int free() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @return whether the port is free
    public static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    /// @throws RefusedException if the port is in use
    public static void requireFree(int port, String whose) {
        if (!isFree(port)) {
            throw new RefusedException(
                    "Port %d, which %s needs, is in use. Stop the process that listens on it, or add --ports free."
                            .formatted(port, whose));
        }
    }
}
