package io.peregrine.events;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/// Finds the name that a user probably meant.
public final class NearestName {
    private NearestName() {}

    /// @param name what the user wrote
    /// @param known all allowed names
    /// @return the allowed name with the smallest edit distance, ignoring case; empty if no name is allowed
    public static Optional<String> of(String name, Collection<String> known) {
        return known.stream().min(Comparator.comparingInt(one -> distance(one, name)));
    }

    /// Levenshtein's edit distance, ignoring case.
    public static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
                int change = diagonal + (same ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
