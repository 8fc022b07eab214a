package io.ashlar.cli.demo;

import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.FileTree;
import io.ashlar.store.BlobStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The files that a demo stores, each with the SHA-256 that it must come back with.
 *
 * <p>Immutable after {@link #read}.
 */
final class DemoSource {
  private static final int BUFFER_BYTES = 1 << 20;

  private final Map<BlobName, Source> files = new TreeMap<>();
  private final List<BlobName> order = new ArrayList<>();
  private long bytes;
  private long links;
  private long left;

  private DemoSource() {}

  /**
   * One file.
   *
   * @param path where it is.
   * @param length its length in bytes.
   * @param sha256 its digest, in lower-case hexadecimal.
   */
  record Source(Path path, long length, String sha256) {}

  /**
   * Reads and digests every file of a tree. What cannot be read is left out, and counted.
   *
   * @param output receives what is left out.
   */
  static DemoSource read(FileTree tree, Output output, Progress progress) throws IOException {
    DemoSource source = new DemoSource();
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    tree.walk(
        new FileTree.Visitor() {
          @Override
          public void onFile(Path file, BlobName name, long length) {
            try {
              source.add(name, file, buffer);
              progress.at(source.order.size(), source.bytes);
            } catch (IOException e) {
              onError(file, e);
            }
          }

          @Override
          public void onLink(Path link) {
            source.links++;
          }

          @Override
          public void onSpecial(Path special) {
            source.left++;
          }

          @Override
          public void onError(Path path, Exception error) {
            source.left++;
            output.note("left out: " + ErrorText.of(error));
          }
        });
    return source;
  }

  private void add(BlobName name, Path file, ByteBuffer buffer) throws IOException {
    MessageDigest digest = BlobName.sha256();
    long length = 0;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      for (int read = channel.read(buffer.clear());
          read >= 0;
          read = channel.read(buffer.clear())) {
        digest.update(buffer.flip());
        length += read;
      }
    }
    if (length > BlobStore.BLOB_BYTES_MAX) {
      throw new IOException("file is longer than a blob can be: path=" + file);
    }
    files.put(name, new Source(file, length, HexFormat.of().formatHex(digest.digest())));
    order.add(name);
    bytes += length;
  }

  /** Returns the files by name. */
  Map<BlobName, Source> files() {
    return Collections.unmodifiableMap(files);
  }

  /** Returns the names in the order of the walk, which is the order of the put. */
  List<BlobName> order() {
    return Collections.unmodifiableList(order);
  }

  /** Returns the bytes of all files. */
  long bytes() {
    return bytes;
  }

  /** Returns the file of that name, which must be one of {@link #order}. */
  Source file(BlobName name) {
    return Objects.requireNonNull(files.get(name));
  }

  /** Returns the bytes of some of the files. */
  long bytesOf(Collection<BlobName> names) {
    return names.stream().mapToLong(name -> file(name).length()).sum();
  }

  /** Returns how many symbolic links were skipped. */
  long links() {
    return links;
  }

  /** Returns how many other things were left out. */
  long leftOut() {
    return left;
  }

  /** Returns the SHA-256 of a blob in lower-case hexadecimal, or {@code "absent"}. */
  static String digestOf(BlobStore store, BlobName name) throws IOException {
    DigestChannel channel = new DigestChannel();
    long length = store.get(name.id(), channel);
    return length == BlobStore.NOT_FOUND
        ? "absent"
        : HexFormat.of().formatHex(channel.digest.digest());
  }

  /** Takes bytes and keeps their digest only. */
  private static final class DigestChannel implements WritableByteChannel {
    private final MessageDigest digest = BlobName.sha256();

    @Override
    public int write(ByteBuffer bytes) {
      int length = bytes.remaining();
      digest.update(bytes);
      return length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
