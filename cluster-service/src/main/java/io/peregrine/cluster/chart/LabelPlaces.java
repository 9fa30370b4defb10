package io.peregrine.cluster.chart;

import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;

/// Finds positions for labels within a frame that overlap nothing placed before.
final class LabelPlaces {
    private static final int DIRECTIONS = 16;
    private static final double FURTHEST = 260;
    private static final double GAP = 2;

    private final Rectangle2D frame;
    private final List<Rectangle2D> taken = new ArrayList<>();
    private final List<Rectangle2D> labels = new ArrayList<>();
    private final List<Line2D> leaders = new ArrayList<>();

    LabelPlaces(double left, double top, double right, double bottom) {
        this.frame = new Rectangle2D.Double(left, top, right - left, bottom - top);
    }

    void keepFree(double x, double y, double width, double height) {
        taken.add(new Rectangle2D.Double(x, y, width, height));
    }

    /// @return the nearest free position for a label of a point; null if none is near enough
    Rectangle2D beside(double x, double y, double width, double height) {
        Rectangle2D clear = nearest(x, y, width, height, true);
        return clear != null ? clear : nearest(x, y, width, height, false);
    }

    /// @param clear whether leader lines must not cross other labels
    private Rectangle2D nearest(double x, double y, double width, double height, boolean clear) {
        for (double away = 8; away < FURTHEST; away += 4) {
            for (int direction = 0; direction < DIRECTIONS; direction++) {
                // To the right first, then alternating to both sides.
                int turn = direction % 2 == 0 ? direction / 2 : -(direction + 1) / 2;
                double angle = turn * 2 * Math.PI / DIRECTIONS;
                double middleX = x + Math.cos(angle) * (away + width / 2);
                double middleY = y + Math.sin(angle) * (away + height / 2);
                Rectangle2D place = new Rectangle2D.Double(middleX - width / 2, middleY - height / 2, width, height);
                Line2D leader = leader(x, y, place);
                if (isFree(place) && (!clear || isClear(place, leader))) {
                    taken.add(place);
                    labels.add(place);
                    leaders.add(leader);
                    return place;
                }
            }
        }
        return null;
    }

    /// @return the line from a point to its label
    static Line2D leader(double x, double y, Rectangle2D place) {
        return new Line2D.Double(
                x, y, Math.clamp(x, place.getMinX(), place.getMaxX()), Math.clamp(y, place.getMinY(), place.getMaxY()));
    }

    private boolean isClear(Rectangle2D place, Line2D leader) {
        return leaders.stream().noneMatch(place::intersectsLine)
                && labels.stream().noneMatch(leader::intersects);
    }

    private boolean isFree(Rectangle2D place) {
        return frame.contains(place)
                && taken.stream()
                        .noneMatch(other -> other.intersects(
                                place.getX() - GAP,
                                place.getY() - GAP,
                                place.getWidth() + 2 * GAP,
                                place.getHeight() + 2 * GAP));
    }
}
