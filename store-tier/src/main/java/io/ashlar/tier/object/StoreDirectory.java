package io.ashlar.tier.object;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * The directory tree of a {@link FileObjectStore}: where the file of a key is, and that no step on
 * the way to it is a link.
 *
 * <pre>
 * root/                     0700
 *   a/b/c                   0600  the object with key a/b/c
 *   .ashlar/temp/{uuid}     0600  bytes being written; linked or renamed to their key when whole
 *   .ashlar/locks/{00..ff}  0600  empty; locked while a key of that hash is replaced
 * </pre>
 *
 * <p>The root itself may be reached through links: it is the user's word. Below it, each component
 * is looked at without following before it is used. Thread: any.
 */
final class StoreDirectory {
  static final FileAttribute<Set<PosixFilePermission>> FILE_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<Set<PosixFilePermission>> DIRECTORY_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path root;
  private final Path temp;
  private final Path locks;

  private StoreDirectory(Path root) {
    this.root = root;
    this.temp = root.resolve(ObjectKey.RESERVED).resolve("temp");
    this.locks = root.resolve(ObjectKey.RESERVED).resolve("locks");
  }

  static StoreDirectory open(Path path) throws IOException {
    Files.createDirectories(path, DIRECTORY_MODE);
    StoreDirectory directory = new StoreDirectory(path.toRealPath());
    directory.createBelowRoot(directory.temp);
    directory.createBelowRoot(directory.locks);
    return directory;
  }

  Path root() {
    return root;
  }

  Path lockFile(String name) {
    return locks.resolve(name);
  }

  Path newTempFile() {
    return temp.resolve(UUID.randomUUID().toString());
  }

  /**
   * The path of a checked key, or of the part of a prefix before its last slash.
   *
   * @throws NotDirectoryException if a component on the way is a file.
   * @throws IOException if one is a link.
   */
  Path resolve(String key) throws IOException {
    Path path = root;
    int start = 0;
    for (int slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', start)) {
      path = path.resolve(FileNames.encode(key.substring(start, slash)));
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        checkDirectory(path);
      }
      start = slash + 1;
    }
    return path.resolve(FileNames.encode(key.substring(start)));
  }

  /** Creates the directories above {@code file}, durably. */
  void createParents(Path file) throws IOException {
    createBelowRoot(parent(file));
  }

  private void createBelowRoot(Path target) throws IOException {
    Path path = root;
    for (Path component : root.relativize(target)) {
      Path parent = path;
      path = path.resolve(component);
      if (path.equals(root)) {
        return;
      }
      try {
        Files.createDirectory(path, DIRECTORY_MODE);
        sync(parent);
      } catch (FileAlreadyExistsException there) {
        checkDirectory(path);
      }
    }
  }

  /** Makes the entries of the directory of {@code file} durable. */
  void syncParent(Path file) throws IOException {
    sync(parent(file));
  }

  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void checkDirectory(Path path) throws IOException {
    if (Files.isSymbolicLink(path)) {
      throw new IOException("links are not followed: path=" + path);
    }
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new NotDirectoryException(path.toString());
    }
  }

  private static Path parent(Path file) {
    return Objects.requireNonNull(file.getParent(), "every file of the store is below its root");
  }
}
