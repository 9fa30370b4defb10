package io.peregrine.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/// Ports on loopback.
final class Ports {
    private Ports() {}

    /// @return a port that nobody listens on now
    static int free() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// @return whether nobody listens on the port
    static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    /// @throws Refusal if somebody listens on the port
    static void mustBeFree(int port, String whose) {
        if (!isFree(port)) {
            throw new RefusedException(
                    "Port %d, which %s needs, is in use; stop what listens there, or add --ports free."
                            .formatted(port, whose));
        }
    }
}
