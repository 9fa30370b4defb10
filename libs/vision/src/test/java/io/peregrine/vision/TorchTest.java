package io.peregrine.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.peregrine.events.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchTest {
    @Test
    void theProcessorIsAlwaysThere() {
        assertThat(Torch.device("cpu")).isEqualTo(Device.cpu());
    }

    @Test
    void autoTakesTheFirstGpuThatTheEngineHas() {
        assertThat(Torch.device("auto")).isEqualTo(Torch.gpus() > 0 ? Device.gpu(0) : Device.cpu());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpu:99", "gpu", "cuda:0", "gpu:-1", ""})
    void aDeviceThatIsNotThereIsRefusedByName(String wanted) {
        assertThatThrownBy(() -> Torch.device(wanted))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.code()).isEqualTo("NO_SUCH_DEVICE"))
                .hasMessageContaining("'" + wanted + "'")
                .hasMessageContaining("computes on cpu");
    }
}
