package io.peregrine.vision.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.peregrine.events.FailureException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchEngineTest {
    @Test
    void cpuIsAlwaysAvailable() {
        assertThat(TorchEngine.device("cpu")).isEqualTo(Device.cpu());
    }

    @Test
    void autoSelectsTheFirstGpu() {
        assertThat(TorchEngine.device("auto")).isEqualTo(TorchEngine.gpus() > 0 ? Device.gpu(0) : Device.cpu());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpu:99", "gpu", "cuda:0", "gpu:-1", ""})
    void missingDeviceIsRejected(String wanted) {
        assertThatThrownBy(() -> TorchEngine.device(wanted))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        failure -> assertThat(failure.code()).isEqualTo("NO_SUCH_DEVICE"))
                .hasMessageContaining("'" + wanted + "'")
                .hasMessageContaining("supports cpu");
    }
}
