package io.peregrine.trainer.run;

import io.peregrine.artifacts.Safetensors;
import io.peregrine.artifacts.SafetensorsWriter;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.random.Mt19937;
import java.util.Map;

/// Progress of a training: everything besides weights and moments that a resume needs.
///
/// @param epoch current epoch, from 1
/// @param batch next batch of the epoch, from 0
/// @param steps steps of all epochs
/// @param lossSum sum over the epoch's rows so far, each batch's mean times its rows
/// @param correct rows of the epoch so far whose class was predicted correctly
/// @param seen rows of the epoch so far
/// @param bestLoss lowest loss of all earlier epochs, by which the best checkpoint is selected; infinite before
///     the first
/// @param sinceBest finished epochs since the best one
public record TrainingProgress(
        int epoch, int batch, long steps, double lossSum, long correct, long seen, double bestLoss, int sinceBest) {
    private static final String PREFIX = "position.";

    /// @return progress of a training that has not started
    public static TrainingProgress start() {
        return new TrainingProgress(1, 0, 0, 0, 0, 0, Double.POSITIVE_INFINITY, 0);
    }

    TrainingProgress after(double loss, long correctRows, int rows) {
        return new TrainingProgress(
                epoch,
                batch + 1,
                steps + 1,
                lossSum + loss * rows,
                correct + correctRows,
                seen + rows,
                bestLoss,
                sinceBest);
    }

    /// @param loss of the finished epoch
    TrainingProgress nextEpoch(double loss) {
        boolean best = loss < bestLoss;
        return new TrainingProgress(epoch + 1, 0, steps, 0, 0, 0, best ? loss : bestLoss, best ? 0 : sinceBest + 1);
    }

    /// @param validates whether there are validation rows; without them, `patience` has no effect
    /// @return whether all epochs are over, or the loss has not improved for `patience` epochs
    boolean isOver(TrainSpec spec, boolean validates) {
        int patience = spec.options().patience();
        return epoch > spec.epochs() || (validates && patience > 0 && sinceBest >= patience);
    }

    /// Adds the progress to a snapshot's metadata.
    void write(SafetensorsWriter file) {
        file.metadata(PREFIX + "epoch", Integer.toString(epoch))
                .metadata(PREFIX + "batch", Integer.toString(batch))
                .metadata(PREFIX + "steps", Long.toString(steps))
                .metadata(PREFIX + "lossSum", Double.toString(lossSum))
                .metadata(PREFIX + "correct", Long.toString(correct))
                .metadata(PREFIX + "seen", Long.toString(seen))
                .metadata(PREFIX + "bestLoss", Double.toString(bestLoss))
                .metadata(PREFIX + "sinceBest", Integer.toString(sinceBest));
    }

    /// @return the progress that [#write] wrote
    static TrainingProgress read(Safetensors saved) {
        Map<String, String> notes = saved.metadata();
        return new TrainingProgress(
                Integer.parseInt(notes.get(PREFIX + "epoch")),
                Integer.parseInt(notes.get(PREFIX + "batch")),
                Long.parseLong(notes.get(PREFIX + "steps")),
                Double.parseDouble(notes.get(PREFIX + "lossSum")),
                Long.parseLong(notes.get(PREFIX + "correct")),
                Long.parseLong(notes.get(PREFIX + "seen")),
                Double.parseDouble(notes.get(PREFIX + "bestLoss")),
                // Snapshots from before `patience` existed lack this entry.
                Integer.parseInt(notes.getOrDefault(PREFIX + "sinceBest", "0")));
    }

    /// Random streams have no state: the order of an epoch depends only on (seed, epoch).
    int[] order(long seed, int rows) {
        return new Mt19937(mix(seed, epoch)).permutation(rows);
    }

    /// @return the engine's seed for the next step, a function of (seed, epoch, batch)
    int dropoutSeed(long seed) {
        return (int) mix(mix(seed, epoch), batch + 1L) & 0x7fff_ffff;
    }

    /// @param place index of the row in the epoch's order
    /// @return seed of the image's augmentation, a function of (seed, epoch, place)
    static long augmentation(long seed, int epoch, int place) {
        return mix(mix(seed, epoch) ^ 0xa0761d64L, place + 1L);
    }

    /// SplitMix64's finalizer (Steele, Lea, Flood, 2014) over both numbers: 32 well-mixed bits.
    private static long mix(long a, long b) {
        long z = a * 0x9e3779b97f4a7c15L + b * 0xbf58476d1ce4e5b9L + 0x94d049bb133111ebL;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return (z ^ (z >>> 31)) & 0xffff_ffffL;
    }
}
