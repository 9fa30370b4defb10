package io.peregrine.balance;

import io.peregrine.events.spec.RunSpec.BalanceSpec;
import io.peregrine.events.spec.RunSpec.BaseSampling;

/// The implementation that a balanced set equals bit for bit, as headers of recipes name it.
final class ReferenceImplementation {
    private ReferenceImplementation() {}

    /// @return name and version of the implementation, or its paper
    static String of(BalanceSpec spec) {
        return switch (spec.method()) {
            case SMOTE ->
                spec.baseSampling() == BaseSampling.EVEN
                        ? "Chawla and others 2002, each base equally often"
                        : "imbalanced-learn 0.14.2 SMOTE on float32";
            case RANDOM_OVER -> "imbalanced-learn 0.14.2 RandomOverSampler";
            case RANDOM_UNDER -> "imbalanced-learn 0.14.2 RandomUnderSampler";
            case CLASS_WEIGHTS -> "none: every image once";
        };
    }
}
