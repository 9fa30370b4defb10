package io.peregrine.cluster.analysis;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Names clusters after the classes of their points.
///
/// A class that has at least half of a cluster gives the cluster its name. If no class has half, the class that
/// [HungarianMatching] pairs with the cluster does. A class's plain name goes to the cluster that is paired with
/// it, or else to the first cluster that is named after it; further ones get a number, such as `Expressionism 2`.
/// Clusters without such a class are named `mixed n`, and clusters without points `empty n`.
///
/// The names of one table are unique. The name of a class is never given to a cluster of another class, even if
/// the class is called `mixed 1` or `Expressionism 2`: that number is skipped.
public final class ClusterNames {
    private final ContingencyTable overlap;
    private final List<String> classes;
    private final int[] matched;
    private final Set<String> taken;
    private final Map<String, Integer> lastNumber = new HashMap<>();

    private ClusterNames(ContingencyTable overlap, List<String> classes) {
        this.overlap = overlap;
        this.classes = classes;
        this.matched = HungarianMatching.of(overlap);
        this.taken = new HashSet<>(classes);
    }

    /// @param overlap clusters and classes of the same points
    /// @param classes names in label order, unique
    /// @return a name for each cluster
    public static String[] of(ContingencyTable overlap, List<String> classes) {
        return new ClusterNames(overlap, classes).names();
    }

    private String[] names() {
        int[] namesake = new int[matched.length];
        int[] plain = new int[classes.size()];
        Arrays.fill(plain, -1);
        for (int k = 0; k < namesake.length; k++) {
            namesake[k] = namesake(k);
            if (namesake[k] >= 0 && (plain[namesake[k]] < 0 || matched[k] == namesake[k])) {
                plain[namesake[k]] = k;
            }
        }
        String[] names = new String[namesake.length];
        for (int k = 0; k < names.length; k++) {
            int label = namesake[k];
            if (label < 0) {
                names[k] = numbered(overlap.pointsOf(k) == 0 ? "empty" : "mixed", 1);
            } else {
                names[k] = plain[label] == k ? classes.get(label) : numbered(classes.get(label), 2);
            }
        }
        return names;
    }

    /// @return the class that the cluster is named after, or −1
    private int namesake(int cluster) {
        long points = overlap.pointsOf(cluster);
        long pairedPoints = 0;
        int majority = -1;
        for (int cell = overlap.first(cluster); cell < overlap.first(cluster + 1); cell++) {
            if (overlap.label(cell) == matched[cluster]) {
                pairedPoints = overlap.points(cell);
            }
            if (majority < 0 && 2 * overlap.points(cell) >= points) {
                majority = overlap.label(cell);
            }
        }
        // Two classes can have exactly half each: the paired one wins, then the lower label.
        boolean pairedHasHalf = pairedPoints > 0 && 2 * pairedPoints >= points;
        boolean pairedIsBest = pairedPoints > 0 && majority < 0;
        return pairedHasHalf || pairedIsBest ? matched[cluster] : majority;
    }

    private String numbered(String name, int first) {
        int number = lastNumber.getOrDefault(name, first - 1);
        String numbered;
        do {
            numbered = name + " " + ++number;
        } while (!taken.add(numbered));
        lastNumber.put(name, number);
        return numbered;
    }
}
