package io.peregrine.simulator;

import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/// The relay's producer for the simulated broker. It supports only `send` and `close`.
final class SimulatedProducer {
    /// Sends a record.
    @FunctionalInterface
    interface Sending {
        /// @return the error for the relay, or null
        Exception send(ProducerRecord<String, byte[]> record);
    }

    private SimulatedProducer() {}

    @SuppressWarnings("unchecked")
    static Producer<String, byte[]> of(Sending sending) {
        return (Producer<String, byte[]>) Proxy.newProxyInstance(
                SimulatedProducer.class.getClassLoader(),
                new Class<?>[] {Producer.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        return null;
                    }
                    if (!method.getName().equals("send")) {
                        throw new UnsupportedOperationException(
                                "a simulated producer does not support " + method.getName());
                    }
                    ProducerRecord<String, byte[]> record = (ProducerRecord<String, byte[]>) arguments[0];
                    Callback callback = arguments.length > 1 ? (Callback) arguments[1] : null;
                    return sent(record, sending.send(record), callback);
                });
    }

    private static Future<RecordMetadata> sent(
            ProducerRecord<String, byte[]> record, Exception failure, Callback callback) {
        RecordMetadata metadata = new RecordMetadata(new TopicPartition(record.topic(), 0), 0, 0, 0, 0, 0);
        if (callback != null) {
            callback.onCompletion(failure == null ? metadata : null, failure);
        }
        return failure == null ? CompletableFuture.completedFuture(metadata) : CompletableFuture.failedFuture(failure);
    }
}
