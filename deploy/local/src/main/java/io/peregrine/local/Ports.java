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

    /// @throws Refusal if somebody listens on the port
    static void mustBeFree(int port, String whose) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        } catch (IOException taken) {
            throw new Refusal("Port %d, which %s needs, is in use; stop what listens there, or add --ports free."
                    .formatted(port, whose));
        }
    }
}
