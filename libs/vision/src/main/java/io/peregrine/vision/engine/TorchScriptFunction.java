package io.peregrine.vision.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A function of the engine that DJL does not offer, written in TorchScript. Thread-safe.
public final class TorchScriptFunction implements AutoCloseable {
    private final NDManager manager;
    private final PtSymbolBlock module;

    /// @param parameters parameters with their types, such as `left: Tensor, right: Tensor`
    /// @param body lines of code; the last returns a tensor, such as `return torch.mm(left, right)`
    /// @throws ai.djl.engine.EngineException if this engine does not have the operation
    public TorchScriptFunction(NDManager manager, String parameters, String body) {
        this.manager = manager;
        try (ByteArrayInputStream archive = new ByteArrayInputStream(archive(parameters, body))) {
            this.module = JniUtils.loadModule((PtNDManager) manager, archive, false, false);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /// @return an argument
    public static IValue tensor(NDArray tensor) {
        return IValue.from((PtNDArray) tensor);
    }

    /// @return an argument of type `List[Tensor]`
    public static IValue tensors(Collection<NDArray> tensors) {
        return IValue.listFrom(tensors.toArray(PtNDArray[]::new));
    }

    /// @param arguments arguments, closed by this call
    /// @return a new tensor attached to the function's manager
    public NDArray of(IValue... arguments) {
        try (IValue result = module.forward(arguments)) {
            return result.toTensor((PtNDManager) manager);
        } finally {
            for (IValue argument : arguments) {
                argument.close();
            }
        }
    }

    /// A module without parameters, in the format of `torch.jit.save`: a ZIP of stored entries. Two of them are
    /// code, and two are pickles (protocol 2): an object of the module's class, not in training mode, and the
    /// empty constants.
    private static byte[] archive(String parameters, String body) throws IOException {
        ByteArrayOutputStream object = new ByteArrayOutputStream();
        object.write(new byte[] {(byte) 0x80, 2, 'c'});
        object.write("__torch__\nFunction\n".getBytes(UTF_8));
        object.write(new byte[] {')', (byte) 0x81, '}', '(', 'X', 8, 0, 0, 0});
        object.write("training".getBytes(UTF_8));
        object.write(new byte[] {(byte) 0x89, 'u', 'b', '.'});
        String code = """
                class Function(Module):
                  __parameters__ = []
                  __buffers__ = []
                  training : bool
                  def forward(self: __torch__.Function,
                    %s) -> Tensor:
                %s""".formatted(parameters, body.indent(4));
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("data.pkl", object.toByteArray());
        entries.put("code/__torch__.py", code.getBytes(UTF_8));
        entries.put("constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
        entries.put("version", "3\n".getBytes(UTF_8));
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(archive)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                ZipEntry stored = new ZipEntry("function/" + entry.getKey());
                CRC32 sum = new CRC32();
                sum.update(entry.getValue());
                stored.setSize(entry.getValue().length);
                stored.setCrc(sum.getValue());
                zip.putNextEntry(stored);
                zip.write(entry.getValue());
                zip.closeEntry();
            }
        }
        return archive.toByteArray();
    }

    @Override
    public void close() {
        module.close();
    }
}
