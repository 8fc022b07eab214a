package io.ashlar.tier.object.directory;

import io.ashlar.tier.object.ObjectKey;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directory tree of a {@link FileObjectStore}: where the file of a key is, and that no step on
 * the way to it is a link.
 *
 * <pre>
 * root/                     0700
 *   a/b/c                   0600  the object with key a/b/c
 *   .ashlar/temp/…          0600  bytes being written: see {@link TempFiles}
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
  private final @Nullable Object identity; // device and inode

  private StoreDirectory(Path root) throws IOException {
    this.root = root;
    this.identity = attributes(root).fileKey();
    this.temp = root.resolve(ObjectKey.RESERVED).resolve("temp");
    this.locks = root.resolve(ObjectKey.RESERVED).resolve("locks");
  }

  static StoreDirectory open(Path path) throws IOException {
    if (!isDirectory(path)) {
      Files.createDirectories(path, DIRECTORY_MODE);
    }
    StoreDirectory directory = new StoreDirectory(path.toRealPath());
    directory.createBelowRoot(directory.temp);
    directory.createBelowRoot(directory.locks);
    return directory;
  }

  /** Creating it would take a directory that cannot be looked at for a file. */
  private static boolean isDirectory(Path path) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).isDirectory();
    } catch (NoSuchFileException absent) {
      return false;
    }
  }

  Path root() {
    return root;
  }

  Path lockFile(String name) {
    return locks.resolve(name);
  }

  /** Where {@link TempFiles} are. */
  Path temp() {
    return temp;
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
      try {
        checkDirectory(path);
      } catch (NoSuchFileException absent) {
        // So is everything below it.
      }
      start = slash + 1;
    }
    return path.resolve(FileNames.encode(key.substring(start)));
  }

  /**
   * Makes sure that the directory is still the one that was opened. Without this, every key would
   * seem absent after the directory was moved or unmounted.
   *
   * @throws IOException if it is gone, or another one is in its place.
   */
  void checkPresent() throws IOException {
    BasicFileAttributes now;
    try {
      now = attributes(root);
    } catch (NoSuchFileException | NotDirectoryException e) {
      throw gone(e);
    }
    if (!Objects.equals(identity, now.fileKey())) {
      throw gone(null);
    }
  }

  private IOException gone(@Nullable Throwable cause) {
    return new IOException(
        "the directory is gone, or another one is in its place: is it mounted? directory=" + root,
        cause);
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
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

  /** Makes the entries of a directory durable. */
  static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void checkDirectory(Path path) throws IOException {
    BasicFileAttributes attributes = attributes(path);
    if (attributes.isSymbolicLink()) {
      throw new IOException("links are not followed: path=" + path);
    }
    if (!attributes.isDirectory()) {
      throw new NotDirectoryException(path.toString());
    }
  }

  /** The directory of a file of the store. */
  static Path parent(Path file) {
    return Objects.requireNonNull(file.getParent(), "every file of the store is below its root");
  }
}
