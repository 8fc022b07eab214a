package io.ashlar.tier.object.directory;

import io.ashlar.tier.object.ObjectInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Which version of an object a file is: inode, time of change of its bytes and length. The three
 * together are the etag, {@code inode-mtimeNs-length} in hexadecimal. A file of the store is never
 * written in place, so a new version is a new inode; and since inodes are used again, a replacement
 * is given a later time than what it replaces.
 */
record FileVersion(long inode, long mtimeNs, long length) {

  /** Reads the version of a regular file; null if nothing is there or it is a directory. */
  static @Nullable FileVersion read(Path file) throws IOException {
    Map<String, Object> attributes;
    try {
      attributes =
          Files.readAttributes(
              file,
              "unix:ino,size,lastModifiedTime,isRegularFile,isDirectory",
              LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException absent) {
      return null;
    }
    if (Boolean.TRUE.equals(attributes.get("isDirectory"))) {
      return null;
    }
    if (!Boolean.TRUE.equals(attributes.get("isRegularFile"))) {
      throw new IOException("not a regular file, and links are not followed: file=" + file);
    }
    return new FileVersion(
        number(attributes, "ino"),
        time(attributes).to(TimeUnit.NANOSECONDS),
        number(attributes, "size"));
  }

  String etag() {
    return Long.toHexString(inode)
        + "-"
        + Long.toHexString(mtimeNs)
        + "-"
        + Long.toHexString(length);
  }

  ObjectInfo info(String key) {
    return new ObjectInfo(key, length, etag(), TimeUnit.NANOSECONDS.toMillis(mtimeNs));
  }

  private static long number(Map<String, Object> attributes, String name) throws IOException {
    if (attributes.get(name) instanceof Number value) {
      return value.longValue();
    }
    throw new IOException("the file system does not tell: attribute=" + name);
  }

  private static FileTime time(Map<String, Object> attributes) throws IOException {
    if (attributes.get("lastModifiedTime") instanceof FileTime value) {
      return value;
    }
    throw new IOException("the file system does not tell: attribute=lastModifiedTime");
  }
}
