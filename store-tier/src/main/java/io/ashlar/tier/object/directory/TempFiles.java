package io.ashlar.tier.object.directory;

import io.ashlar.store.spi.Log;
import io.ashlar.tier.object.BodyStream;
import io.ashlar.tier.object.ObjectBody;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The temporary files of a directory store: which writer owns each, and which were left by a killed
 * writer.
 *
 * <pre>
 * {owner}.owner        empty; locked while this writer may have temporary files
 * {owner}.{uuid}       bytes that this writer is writing
 *
 * owner = {pid}-{start of the process, ms}-{uuid of the writer}, the numbers in hexadecimal
 * </pre>
 *
 * <p>A writer is one open store. Two rules keep what a live writer has:
 *
 * <ol>
 *   <li>T1. A writer locks its owner file before it makes its first temporary file, and keeps the
 *       lock until the last one is gone. The lock is the kernel's: it ends with the process,
 *       however that ends.
 *   <li>T2. A sweep deletes a temporary file only while it holds the lock of its owner file. If
 *       there is no owner file, it must have looked for that after it found the temporary file. Age
 *       decides nothing.
 * </ol>
 *
 * <table>
 *   <caption>A crash after each step</caption>
 *   <tr><th>step of a writer</th><th>what a crash leaves</th></tr>
 *   <tr><td>create the owner file</td><td>an owner file without a lock: swept</td></tr>
 *   <tr><td>lock it, and check that it still has its name; if a sweep was quicker, start again</td><td>the same</td></tr>
 *   <tr><td>make, fill, link or rename, and delete temporary files</td><td>these, and the owner
 *       file: swept</td></tr>
 *   <tr><td>on closing: delete the owner file, then unlock it</td><td>nothing</td></tr>
 * </table>
 *
 * <p>Such a lock belongs to the process and is lost when <i>any</i> descriptor of the file closes.
 * So a sweep never opens an owner file of its own process, which the name shows; what a writer of
 * the same process left is for the next process. A sweep that is itself killed leaves the owner
 * file until last.
 *
 * <p>Files that are named otherwise are none of ours and stay. Thread: any; one monitor.
 */
final class TempFiles {
  private static final String OWNER_END = ".owner";
  private static final Pattern NAME =
      Pattern.compile("([0-9a-f]+-[0-9a-f]+-[0-9a-f-]{36})\\.(owner|[0-9a-f-]{36})");
  private static final int OWNER_ATTEMPTS_MAX = 16;
  private static final String PROCESS = process();

  private final Path directory;

  // Guarded by this.
  private @Nullable Owner owner;
  private int users;
  private boolean closed;

  TempFiles(Path directory) {
    this.directory = directory;
  }

  /** The same for every class loader of this JVM, and for no other process of this machine. */
  private static String process() {
    ProcessHandle self = ProcessHandle.current();
    long startMs = self.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    return Long.toHexString(self.pid()) + "-" + Long.toHexString(startMs) + "-";
  }

  /** The writer that this is, while it has temporary files. */
  private record Owner(String name, Path file, FileChannel channel) {}

  /**
   * The name of a file that does not exist yet. Closing deletes the file, if it is there; if that
   * fails it is swept once this process has ended.
   */
  final class Temp implements AutoCloseable {
    private final Path file;
    private boolean gone;

    private Temp(Path file) {
      this.file = file;
    }

    Path file() {
      return file;
    }

    /**
     * Makes the file of all bytes of a body.
     *
     * @param durably whether it is synced.
     */
    void write(ObjectBody body, boolean durably) throws IOException {
      try (FileChannel channel =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              StoreDirectory.FILE_MODE)) {
        body.writeTo(channel);
        if (channel.position() != body.length()) {
          throw BodyStream.endedEarly(channel.position(), body.length());
        }
        if (durably) {
          channel.force(true);
        }
      }
    }

    @Override
    public void close() {
      synchronized (TempFiles.this) {
        if (gone) {
          return;
        }
        gone = true;
      }
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        Log.log(TempFiles.class, Level.DEBUG, "a temporary file could not be deleted: " + e);
      } finally {
        left();
      }
    }
  }

  /** A name for a temporary file; the first one sweeps what others have left. */
  synchronized Temp take() throws IOException {
    Owner own = owner;
    if (own == null) {
      sweepIfPossible();
      own = newOwner();
      owner = own;
    }
    users++;
    return new Temp(directory.resolve(own.name() + "." + UUID.randomUUID()));
  }

  private synchronized void left() {
    users--;
    giveUp();
  }

  /** No temporary file is taken any more; what is in use stays its user's. */
  synchronized void close() {
    closed = true;
    giveUp();
  }

  private void giveUp() {
    Owner own = owner;
    if (closed && users == 0 && own != null) {
      owner = null;
      try (FileChannel locked = own.channel()) {
        assert locked.isOpen() : "T1";
        Files.deleteIfExists(own.file());
      } catch (IOException e) {
        Log.log(TempFiles.class, Level.DEBUG, "the file of an owner could not be deleted: " + e);
      }
    }
  }

  private Owner newOwner() throws IOException {
    for (int attempt = 0; attempt < OWNER_ATTEMPTS_MAX; attempt++) {
      String name = PROCESS + UUID.randomUUID();
      Path file = directory.resolve(name + OWNER_END);
      FileChannel channel =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              StoreDirectory.FILE_MODE);
      boolean ours = false;
      try {
        FileLock lock = channel.tryLock();
        // Names are never used again, so if it is there it is the one that was locked.
        ours = lock != null && Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        if (ours) {
          return new Owner(name, file, channel);
        }
      } finally {
        if (!ours) {
          channel.close();
        }
      }
    }
    throw new IOException("others keep sweeping what is just created: directory=" + directory);
  }

  private void sweepIfPossible() {
    try {
      var _ = sweep();
    } catch (IOException e) {
      Log.log(TempFiles.class, Level.DEBUG, "temporary files could not be swept: " + e);
    }
  }

  /**
   * Deletes what killed writers have left.
   *
   * @return how many temporary files.
   */
  long sweep() throws IOException {
    Map<String, List<Path>> byOwner = new HashMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (name.matches() && !name.group(1).startsWith(PROCESS)) {
          List<Path> temps = byOwner.computeIfAbsent(name.group(1), key -> new ArrayList<>());
          if (!name.group(2).equals("owner")) {
            temps.add(file);
          }
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    long swept = 0;
    for (Map.Entry<String, List<Path>> entry : byOwner.entrySet()) {
      swept += sweep(directory.resolve(entry.getKey() + OWNER_END), entry.getValue());
    }
    return swept;
  }

  /** Sweeps what one writer left, if it is dead. */
  private static long sweep(Path ownerFile, List<Path> temps) throws IOException {
    try (FileChannel channel =
        FileChannel.open(ownerFile, Set.of(StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS))) {
      if (channel.tryLock() == null) {
        return 0; // it lives
      }
      long swept = delete(temps);
      Files.deleteIfExists(ownerFile);
      return swept;
    } catch (NoSuchFileException noOwner) {
      return delete(temps); // T2: these were found before
    }
  }

  private static long delete(List<Path> temps) throws IOException {
    long deleted = 0;
    for (Path temp : temps) {
      deleted += Files.deleteIfExists(temp) ? 1 : 0;
    }
    return deleted;
  }
}
