package io.peregrine.cluster.postgres;

import io.peregrine.events.ArtifactRef;
import io.peregrine.rest.Cursor;
import io.peregrine.rest.Page;
import io.peregrine.work.jobs.Database;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/// Queries about a run's images and clusters.
@ApplicationScoped
public class ImageQueries {
    private static final String IMAGE = """
            select i.*, p.cluster, c.name as cluster_name, p.distance, p.x, p.y, p.z
            from image i left join point p on p.run = i.run and p.row = i.row
                 left join cluster c on c.run = p.run and c.index = p.cluster
            """;

    private final Database database;

    ImageQueries(Database database) {
        this.database = database;
    }

    /// One listed file of a run.
    public record Image(
            @Schema(description = "Id of the image: 32 hexadecimal digits, the same in every run")
            String imageId,

            @Schema(description = "Position of the file among all listed files")
            long row,

            @Schema(description = "Class of the image") String label,
            String split,

            @Schema(description = "Path below the class folder")
            String path,

            String sha256,
            Assignment cluster,

            @Schema(description = "Code of the reason why the image was refused; omitted for an accepted image")
            String reason,

            String detail) {}

    /// The cluster of an image and its coordinates.
    public record Assignment(
            int index,
            String name,

            @Schema(description = "Distance from the cluster's centre, in latent space")
            double distance,

            @Schema(description = "Coordinates along the first three principal components")
            List<Float> coordinates) {}

    /// A cluster of a run.
    public record Cluster(
            int index,

            @Schema(
                    description = "Name of a class, with a number if several clusters are named after it, such as"
                            + " 'Expressionism 2'; 'mixed n' if no class has half of the cluster; 'empty n' if it has"
                            + " no images. Unique in the run")
            String name,

            long size,

            @Schema(
                    description = "Share of the most frequent class in the cluster, above 0 to 1; omitted if the"
                            + " cluster has no images")
            Double purity,

            @Schema(description = "Number of images of each class in the cluster")
            Map<String, Long> counts) {}

    /// An image's point in the projection.
    public record ProjectedPoint(
            String imageId, long row, float x, float y, float z, String label, int cluster, String split) {}

    /// Location of an image's pixels.
    public record Pixels(ArtifactRef pack, int index) {}

    /// @return digest of the run's clusters artifact, once they are computed
    public Optional<String> clustersDigest(String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select clusters ->> 'sha256' from clustering where run = :run")
                        .bind("run", run)
                        .mapTo(String.class)
                        .findOne());
    }

    /// @return all clusters of a run, ordered by index
    public List<Cluster> clusters(String run) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select * from cluster where run = :run order by index")
                        .bind("run", run)
                        .map((rs, context) -> cluster(rs))
                        .list());
    }

    /// @return clusters ordered by index
    public Page<Cluster> clusters(String run, Cursor after, int limit) {
        List<Cluster> rows = database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select * from cluster where run = :run and index > :index order by index limit :limit""")
                        .bind("run", run)
                        .bind("index", after == null ? -1 : after.number(0))
                        .bind("limit", limit + 1)
                        .map((rs, context) -> cluster(rs))
                        .list());
        return Page.of(rows, limit, last -> Cursor.after(last.index()));
    }

    public Optional<Cluster> cluster(String run, int index) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("select * from cluster where run = :run and index = :index")
                        .bind("run", run)
                        .bind("index", index)
                        .map((rs, context) -> cluster(rs))
                        .findOne());
    }

    /// @return a cluster's images, ordered by distance to its centre
    public Page<Image> members(String run, int cluster, Cursor after, int limit) {
        List<Image> rows = list(
                IMAGE + """
                        where p.run = :run and p.cluster = :cluster
                          and (cast(:distance as double precision) is null or (p.distance, p.row) > (:distance, :row))
                        order by p.distance, p.row limit :limit""",
                query -> query.bind("run", run)
                        .bind("cluster", cluster)
                        .bind("distance", after == null ? null : after.real(0))
                        .bind("row", after == null ? -1 : after.number(1))
                        .bind("limit", limit + 1));
        return Page.of(rows, limit, last -> Cursor.after(last.cluster().distance(), last.row()));
    }

    /// @param label class, or null for all
    /// @param split split, or null for all
    /// @param refusedOnly whether to omit accepted images
    /// @return listed files in row order
    public Page<Image> images(String run, String label, String split, boolean refusedOnly, Cursor after, int limit) {
        List<Image> rows = list(
                IMAGE + """
                        where i.run = :run and i.row > :row and (not :refusedOnly or i.reason is not null)
                          and (cast(:label as text) is null or i.label = :label)
                          and (cast(:split as text) is null or i.split = :split)
                        order by i.row limit :limit""",
                query -> query.bind("run", run)
                        .bind("row", after == null ? -1 : after.number(0))
                        .bind("refusedOnly", refusedOnly)
                        .bind("label", label)
                        .bind("split", split)
                        .bind("limit", limit + 1));
        return Page.of(rows, limit, last -> Cursor.after(last.row()));
    }

    public Optional<Image> image(String run, String imageId) {
        return list(
                        IMAGE + "where i.run = :run and i.image_id = :imageId",
                        query -> query.bind("run", run).bind("imageId", imageId))
                .stream()
                .findFirst();
    }

    /// @return empty for a refused or unknown image
    public Optional<Pixels> pixels(String run, String imageId) {
        return database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select p.pixels, i.index from image i join pack p on p.run = i.run and p.number = i.pack
                        where i.run = :run and i.image_id = :imageId""")
                        .bind("run", run)
                        .bind("imageId", imageId)
                        .map((rs, context) -> new Pixels(
                                RunProjection.read(rs.getString("pixels"), ArtifactRef.class), rs.getInt("index")))
                        .findOne());
    }

    /// @return the autoencoder's final weights, once it is trained
    public Optional<ArtifactRef> autoencoder(String run) {
        return database.jdbi()
                .withHandle(sql -> RunState.encodingInput(sql, run))
                .map(RunState.EncodingInput::weights);
    }

    /// @param limit 0: all in one page
    public Page<ProjectedPoint> projection(String run, Cursor after, int limit) {
        int most = limit == 0 ? Integer.MAX_VALUE - 1 : limit;
        List<ProjectedPoint> rows = database.jdbi()
                .withHandle(sql -> sql.createQuery("""
                        select i.image_id, p.row, p.x, p.y, p.z, i.label, p.cluster, i.split
                        from point p join image i on i.run = p.run and i.row = p.row
                        where p.run = :run and p.row > :row order by p.row limit :limit""")
                        .bind("run", run)
                        .bind("row", after == null ? -1 : after.number(0))
                        .bind("limit", most + 1)
                        .map((rs, context) -> new ProjectedPoint(
                                rs.getString("image_id"),
                                rs.getLong("row"),
                                rs.getFloat("x"),
                                rs.getFloat("y"),
                                rs.getFloat("z"),
                                rs.getString("label"),
                                rs.getInt("cluster"),
                                rs.getString("split")))
                        .list());
        return Page.of(rows, most, last -> Cursor.after(last.row()));
    }

    private List<Image> list(String statement, java.util.function.UnaryOperator<Query> bound) {
        return database.jdbi()
                .withHandle((Handle sql) -> bound.apply(sql.createQuery(statement))
                        .map((rs, context) -> image(rs))
                        .list());
    }

    private static Image image(ResultSet rs) throws SQLException {
        Integer cluster = (Integer) rs.getObject("cluster");
        return new Image(
                rs.getString("image_id"),
                rs.getLong("row"),
                rs.getString("label"),
                rs.getString("split"),
                rs.getString("source"),
                rs.getString("sha256"),
                cluster == null
                        ? null
                        : new Assignment(
                                cluster,
                                rs.getString("cluster_name"),
                                rs.getDouble("distance"),
                                List.of(rs.getFloat("x"), rs.getFloat("y"), rs.getFloat("z"))),
                rs.getString("reason"),
                rs.getString("detail"));
    }

    private static Cluster cluster(ResultSet rs) throws SQLException {
        Map<String, Long> classes = new TreeMap<>();
        RunProjection.read(rs.getString("classes"), com.fasterxml.jackson.databind.JsonNode.class)
                .properties()
                .forEach(entry -> classes.put(entry.getKey(), entry.getValue().longValue()));
        return new Cluster(
                rs.getInt("index"), rs.getString("name"), rs.getLong("size"), (Double) rs.getObject("purity"), classes);
    }
}
