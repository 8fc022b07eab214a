package io.ashlar.cli.file;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The regular files below one path, with the names that they get in a store.
 *
 * <p>A name begins with the last part of the given path, as with tar: {@code /usr/lib/jvm} gives
 * {@code jvm/…}. A single file gives its own name. The path itself may be a link, since the user
 * named it; links met below are never followed. Folders are visited with their entries in order of
 * name, so two walks of an unchanged tree are the same.
 *
 * <p>Immutable. Memory of a walk: the entries of the folders from the root down to the one visited.
 */
public final class FileTree {

  private final Path root;
  private final @Nullable Path first;
  private final @Nullable Object excluded;

  /** Receives what a walk meets. */
  public interface Visitor {

    /** A regular file, with its length in bytes at this moment. */
    void onFile(Path file, BlobName name, long length) throws IOException;

    /** A symbolic link, which is skipped. */
    void onLink(Path link);

    /** A device, pipe or socket, or the folder that is excluded; skipped. */
    void onSpecial(Path special);

    /** Something that cannot be read or named; the walk continues. */
    void onError(Path path, Exception error);
  }

  /**
   * Prepares a walk.
   *
   * @param path an existing file or folder.
   * @throws IOException if there is nothing, or it cannot be read.
   */
  public FileTree(Path path) throws IOException {
    this(path.toRealPath(), path.toAbsolutePath().normalize().getFileName(), null);
  }

  private FileTree(Path root, @Nullable Path first, @Nullable Object excluded) {
    this.root = root;
    this.first = first;
    this.excluded = excluded;
  }

  /**
   * Returns this tree without one folder, wherever it is met: a store inside of what is put, say.
   *
   * @param folder an existing folder.
   */
  public FileTree excluding(Path folder) throws IOException {
    return new FileTree(root, first, attributes(folder.toRealPath()).fileKey());
  }

  /** Visits everything; what {@code visitor} throws ends the walk. */
  public void walk(Visitor visitor) throws IOException {
    Deque<Path> pending = new ArrayDeque<>();
    pending.push(root);
    while (!pending.isEmpty()) {
      Path path = pending.pop();
      BasicFileAttributes attributes;
      try {
        attributes = attributes(path);
      } catch (IOException e) {
        visitor.onError(path, e);
        continue;
      }
      if (attributes.isDirectory()) {
        visitFolder(path, attributes, pending, visitor);
      } else if (attributes.isSymbolicLink()) {
        visitor.onLink(path);
      } else if (attributes.isRegularFile()) {
        visitFile(path, attributes.size(), visitor);
      } else {
        visitor.onSpecial(path);
      }
    }
  }

  private void visitFolder(
      Path folder, BasicFileAttributes attributes, Deque<Path> pending, Visitor visitor) {
    Object key = attributes.fileKey();
    if (key != null && key.equals(excluded)) {
      visitor.onSpecial(folder);
      return;
    }
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(children::add);
    } catch (IOException | DirectoryIteratorException e) {
      visitor.onError(folder, e);
      return;
    }
    children.sort(Collections.reverseOrder());
    children.forEach(pending::push);
  }

  private void visitFile(Path file, long length, Visitor visitor) throws IOException {
    BlobName name;
    try {
      name = nameOf(file);
    } catch (IllegalArgumentException e) {
      visitor.onError(file, e);
      return;
    }
    visitor.onFile(file, name, length);
  }

  private BlobName nameOf(Path file) {
    Path relative = root.relativize(file);
    if (first == null) {
      return BlobName.of(relative);
    }
    return BlobName.of(relative.toString().isEmpty() ? first : first.resolve(relative));
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }
}
