package io.peregrine.balance.smote;

/// What is planned for one class.
///
/// @param label its index in label order
/// @param real pictures in the train split
/// @param synthetic pictures to be made; 0: the class stays as it is and takes no random numbers
public record ClassSize(int label, String name, long real, long synthetic) {}
