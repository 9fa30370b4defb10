package io.peregrine.charts;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/// Maps values to positions, with ticks at round values.
///
/// @param from value at `start`
/// @param to value at `end`
/// @param step distance between two ticks
public record Axis(double from, double to, double step, double start, double end) {
    /// @param steps approximate number of steps
    /// @return an axis that starts and ends at round values and includes both given ones
    public static Axis around(double low, double high, int steps, double start, double end) {
        double span = high > low ? high - low : Math.max(Math.abs(high), 1e-3);
        double step = round(span / steps);
        double from = Math.floor(low / step) * step;
        double to = Math.ceil(high / step) * step;
        return new Axis(from, to > from ? to : from + step, step, start, end);
    }

    /// @param steps approximate number of steps
    /// @return an axis of exactly these values, with ticks at round ones
    public static Axis within(double from, double to, int steps, double start, double end) {
        return new Axis(from, to, round((to - from) / steps), start, end);
    }

    /// @return 1, 2 or 5 times a power of ten, at least the value
    private static double round(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double times : new double[] {1, 2, 5}) {
            if (times * power >= value * (1 - 1e-9)) {
                return times * power;
            }
        }
        return 10 * power;
    }

    public double at(double value) {
        return start + (value - from) / (to - from) * (end - start);
    }

    public List<Double> ticks() {
        long first = (long) Math.ceil(from / step - 1e-9);
        long last = (long) Math.floor(to / step + 1e-9);
        return IntStream.rangeClosed(0, (int) (last - first))
                .mapToObj(i -> (first + i) * step)
                .toList();
    }

    /// @return label of a tick, with as many decimals as the step needs
    public String label(double tick) {
        int decimals = (int) Math.clamp(Math.ceil(-Math.log10(step) - 1e-9), 0, 9);
        return String.format(Locale.ROOT, "%,." + decimals + "f", tick + 0.0);
    }
}
