package io.peregrine.gallery;

import java.util.List;
import java.util.Optional;

/// The gallery's deliberate errors, which real collections have too: paintings under the wrong style, copies
/// under two styles, and test paintings that are training paintings as well.
final class FilingErrors {
    /// One training painting of so many is filed under a wrong style.
    private static final int MISFILED_OF = 40;

    /// A file that shows the painting of another file.
    ///
    /// @param file such as `train/Realism/0006`
    /// @param original the file whose painting it shows
    /// @param isRetouched whether its noise differs, so that it is only a near duplicate
    record Copy(String file, String original, boolean isRetouched) {}

    private static final List<Copy> COPIES = List.of(
            new Copy("train/Romanticism/0008", "train/Realism/0006", false),
            new Copy("train/Post_Impressionism/0012", "train/Impressionism/0010", false),
            new Copy("train/Rococo/0005", "train/Baroque/0004", false),
            new Copy("train/Symbolism/0031", "train/Romanticism/0022", true),
            new Copy("train/Fauvism/0009", "train/Expressionism/0033", true),
            new Copy("train/Impressionism/0102", "train/Impressionism/0101", true),
            new Copy("train/Realism/0083", "train/Realism/0082", true),
            new Copy("test/Expressionism/0114", "train/Expressionism/0007", false),
            new Copy("test/Northern_Renaissance/0042", "train/Northern_Renaissance/0015", false),
            new Copy("test/Art_Nouveau_Modern/0070", "train/Art_Nouveau_Modern/0050", true));

    private FilingErrors() {}

    /// @param number of the training painting, from 0
    /// @return whether its painting is of a related style
    static boolean isMisfiled(int number) {
        return number % MISFILED_OF == MISFILED_OF / 2;
    }

    /// @param file such as `train/Realism/0006`
    static Optional<Copy> copyIn(String file) {
        return COPIES.stream().filter(copy -> copy.file().equals(file)).findFirst();
    }
}
