package io.peregrine.artifacts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;

/// What tells a file from a changed or another one under the same name, without reading it.
///
/// @param changed time of the last change of the inode (ctime), which no program can set back; null where the
///     file system has none
/// @param inode the file's number; null where the file system has none
record FileIdentity(long bytes, FileTime modified, FileTime changed, Object inode) {
    /// @throws java.nio.file.NoSuchFileException if there is none
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

    /// A rename moves ctime alone.
    boolean isRenamed(FileIdentity other) {
        return bytes == other.bytes && modified.equals(other.modified) && (inode == null || inode.equals(other.inode));
    }
}
