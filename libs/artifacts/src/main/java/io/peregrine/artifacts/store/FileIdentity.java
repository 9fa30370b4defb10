package io.peregrine.artifacts.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;

/// Detects, without reading a file, whether it was changed or replaced under the same name.
///
/// @param changed time of the inode's last change (ctime), which programs cannot set back; null if the file
///     system has none
/// @param inode number of the file; null if the file system has none
record FileIdentity(long bytes, FileTime modified, FileTime changed, Object inode) {
    /// @throws java.nio.file.NoSuchFileException if the file does not exist
    static FileIdentity of(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            Map<String, Object> of = Files.readAttributes(file, "unix:size,lastModifiedTime,ctime,fileKey");
            return new FileIdentity(
                    (long) of.get("size"),
                    (FileTime) of.get("lastModifiedTime"),
                    (FileTime) of.get("ctime"),
                    of.get("fileKey"));
        }
        BasicFileAttributes of = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return new FileIdentity(of.size(), of.lastModifiedTime(), null, of.fileKey());
    }

    /// A rename changes only ctime.
    boolean isRenamed(FileIdentity other) {
        return bytes == other.bytes && modified.equals(other.modified) && (inode == null || inode.equals(other.inode));
    }
}
