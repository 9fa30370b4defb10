package io.peregrine.trainer;

import io.peregrine.artifacts.ClassBalance;
import io.peregrine.artifacts.Manifest;
import io.peregrine.artifacts.PixelRows;
import io.peregrine.artifacts.RecipeShard;
import io.peregrine.artifacts.RunSpecs;
import io.peregrine.artifacts.store.ArtifactStore;
import io.peregrine.events.ArtifactRef;
import io.peregrine.events.EventCodec;
import io.peregrine.events.Network;
import io.peregrine.events.PipelineEvent.DatasetBalanced;
import io.peregrine.events.RunRef;
import io.peregrine.events.Split;
import io.peregrine.events.spec.RunSpec;
import io.peregrine.events.spec.RunSpec.TrainSpec;
import io.peregrine.trainer.run.Networks;
import io.peregrine.trainer.run.PriorCorrection;
import io.peregrine.trainer.run.TrainingData;
import io.peregrine.trainer.run.TrainingRows;
import io.peregrine.vision.nn.TrainableNetwork;
import io.peregrine.work.jobs.Job;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// What a job trains, on which data: the job's payload with the artifacts that it names.
///
/// @param balanced the event that added the job
/// @param network one of the run's two networks
/// @param spec that network's part of the specification
/// @param manifest the run's images
/// @param classes in label order
record TrainingOrder(
        DatasetBalanced balanced, Network network, TrainSpec spec, Manifest manifest, List<ClassBalance> classes) {

    static TrainingOrder open(ArtifactStore store, Job job) throws IOException {
        DatasetBalanced balanced = EventCodec.json().treeToValue(job.payload(), DatasetBalanced.class);
        Network network = Network.valueOf(job.key().toUpperCase(Locale.ROOT));
        RunSpec run = RunSpecs.open(store, balanced.run());
        return new TrainingOrder(
                balanced,
                network,
                network == Network.CLASSIFIER ? run.classifier() : run.autoencoder(),
                Manifest.open(store, balanced.manifest()),
                ClassBalance.open(store, balanced.balance()));
    }

    RunRef run() {
        return balanced.run();
    }

    /// @return run and network, for log lines
    String where() {
        return "run=%s network=%s".formatted(run().id(), network.jsonName());
    }

    /// The specification's digest also covers the initial weights.
    ///
    /// @return digests of everything that determines the result
    Map<String, String> origin() {
        return Map.of(
                "spec", run().spec().sha256(),
                "manifest", balanced.manifest().tensors().sha256(),
                "recipes", balanced.shards().stream().map(ArtifactRef::sha256).collect(Collectors.joining(" ")));
    }

    /// @return the untrained network
    TrainableNetwork untrained() {
        return Networks.of(spec, manifest.side(), manifest.classes().size(), weights());
    }

    /// @return weight of each class in label order; null if all images have the same weight
    private float[] weights() {
        if (classes.stream().allMatch(one -> one.weight() == null)) {
            return null;
        }
        float[] weights = new float[classes.size()];
        for (int label = 0; label < weights.length; label++) {
            Double weight = classes.get(label).weight();
            // A class without training images has no weight, and none is needed.
            weights[label] = weight == null ? 1 : weight.floatValue();
        }
        return weights;
    }

    /// The classifier trains on all rows, the autoencoder only on rows of real images.
    ///
    /// @param pixels of the manifest
    TrainingData data(ArtifactStore store, PixelRows pixels) {
        List<RecipeShard> shards = balanced.shards().stream()
                .map(ref -> RecipeShard.open(store, ref))
                .toList();
        long real = classes.stream().mapToLong(ClassBalance::real).sum();
        return new TrainingData(
                pixels,
                manifest.side(),
                manifest.classes().size(),
                network == Network.CLASSIFIER ? TrainingRows.ofShards(shards) : TrainingRows.ofRealRows(shards, real),
                TrainingRows.ofSplit(manifest, Split.VALIDATION),
                TrainingRows.ofSplit(manifest, Split.TEST),
                PriorCorrection.of(classes));
    }
}
