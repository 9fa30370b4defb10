package io.peregrine.trainer;

import io.peregrine.rest.ProblemKinds;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// What can go wrong with a request to the trainer: nothing but what can with any.
final class TrainerProblems {
    @Produces
    @Singleton
    ProblemKinds kinds() {
        return new ProblemKinds();
    }
}
