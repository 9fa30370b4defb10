package io.peregrine.events;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/// Finds the name that a user probably meant.
public final class NearestName {
    private NearestName() {}

    /// @param name what the user wrote
    /// @param known all allowed names
    /// @return the similar allowed name with the smallest edit distance, ignoring case; empty if none is similar
    public static Optional<String> of(String name, Collection<String> known) {
        return known.stream()
                .filter(one -> isSimilar(one, name))
                .min(Comparator.comparingInt(one -> distance(one, name)));
    }

    /// @return whether one name begins with the other, or at most half of the letters differ
    private static boolean isSimilar(String known, String name) {
        String a = known.toLowerCase(Locale.ROOT);
        String b = name.toLowerCase(Locale.ROOT);
        return a.startsWith(b) || b.startsWith(a) || distance(a, b) <= Math.max(a.length(), b.length()) / 2;
    }

    /// Levenshtein's edit distance, ignoring case.
    private static int distance(String a, String b) {
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
