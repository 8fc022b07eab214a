package io.ashlar.cli.file;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A folder that files are written below, and never beside.
 *
 * <p>Names are {@link BlobName}s, which cannot climb; and every folder on the way is a real one. A
 * link in place of a folder is refused. A link in the last place is replaced, not followed. A file
 * is written under a temporary name in its own folder, and takes its name only when all of it was
 * written and verified. A failure leaves what was there before, and so does the end of the process
 * by Ctrl-C.
 *
 * <p>Thread: one. Another process that swaps folders for links meanwhile is not defended against.
 */
public final class TargetFolder {

  private final Path root;

  /** Writes the content of a file. */
  public interface Content {
    /** Writes everything to {@code target}, and throws if it was not what it should be. */
    void writeTo(WritableByteChannel target) throws IOException;
  }

  /**
   * Creates the folder unless it exists.
   *
   * @throws IOException if it cannot be created, or something else is there.
   */
  public TargetFolder(Path root) throws IOException {
    try {
      Files.createDirectories(root);
    } catch (FileAlreadyExistsException e) {
      throw new IOException("not a folder: path=" + root + "; give another target", e);
    }
    this.root = root.toRealPath();
  }

  /**
   * Writes a file, and replaces one that is there.
   *
   * @return where it was written.
   * @throws IOException if it cannot be written; what was there stays.
   */
  public Path write(BlobName name, Content content) throws IOException {
    Path target = root;
    String[] parts = name.text().split("/");
    for (int i = 0; i < parts.length - 1; i++) {
      target = target.resolve(parts[i]);
      enter(name, target);
    }
    target = target.resolve(parts[parts.length - 1]);
    replace(target, content);
    return target;
  }

  private static void enter(BlobName name, Path folder) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      String what = Files.isSymbolicLink(folder) ? "a symbolic link" : "no folder";
      throw new IOException(
          "refused to write through what is "
              + what
              + ": path="
              + folder
              + ", name="
              + name
              + "; remove it or give another target",
          e);
    }
  }

  /**
   * Writes {@code content} beside {@code target} and renames it there.
   *
   * @throws IOException if that fails; what was there stays.
   */
  public static void replace(Path target, Content content) throws IOException {
    Path folder = target.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileSystemException(target.toString(), null, "a folder is there");
    }
    if (!Files.isDirectory(folder)) {
      throw Files.exists(folder)
          ? new NotDirectoryException(folder.toString())
          : new NoSuchFileException(folder.toString());
    }
    Path temporary =
        folder.resolve(
            ".ashlar-" + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part");
    Thread cleaner = new Thread(() -> removeQuietly(temporary), "ashlar-part-cleaner");
    addHook(cleaner); // for Ctrl-C
    boolean done = false;
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.WRITE,
              LinkOption.NOFOLLOW_LINKS)) {
        content.writeTo(channel);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      done = true;
    } finally {
      if (!done) {
        Files.deleteIfExists(temporary);
      }
      removeHook(cleaner);
    }
  }

  private static void addHook(Thread hook) {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException ending) {
      throw new UncheckedIOException(new InterruptedIOException("interrupted"));
    }
  }

  private static void removeHook(Thread hook) {
    try {
      var _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException ending) {
      // The hook runs already, and finds nothing to remove.
    }
  }

  private static void removeQuietly(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The process is ending; the file's name says what it is.
    }
  }
}
