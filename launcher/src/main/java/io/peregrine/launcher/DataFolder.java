package io.peregrine.launcher;

import io.peregrine.platform.RefusedException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The rules for the path of the folder of data and logs.
public final class DataFolder {
    /// PostgreSQL's `initdb` and `pg_ctl` pass paths to a shell between double quotes.
    private static final Pattern NOT_ALLOWED = Pattern.compile("[\"$`\\\\\\p{Cntrl}]");

    private DataFolder() {}

    /// @return the folder as an absolute path
    /// @throws RefusedException if the path contains a double quote, a dollar sign, a backquote, a backslash or a
    ///     control character such as a line break
    public static Path checked(Path folder) {
        Path absolute = folder.toAbsolutePath().normalize();
        Matcher found = NOT_ALLOWED.matcher(absolute.toString());
        if (found.find()) {
            throw new RefusedException(
                    "The data folder '%s' contains %s, which PostgreSQL's programs do not allow in a path. Choose another folder with --data."
                            .formatted(
                                    printable(absolute.toString()),
                                    name(found.group().charAt(0))));
        }
        return absolute;
    }

    private static String name(char c) {
        return Character.isISOControl(c) ? "the control character U+%04X".formatted((int) c) : "the character " + c;
    }

    private static String printable(String path) {
        return path.replaceAll("\\p{Cntrl}", "�");
    }
}
