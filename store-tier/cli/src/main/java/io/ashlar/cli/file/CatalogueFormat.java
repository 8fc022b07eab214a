package io.ashlar.cli.file;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A catalogue page: a blob that lists names of other blobs. This is the whole specification.
 *
 * <pre>
 * offset  bytes  little-endian
 *      0      4  magic "ASHC" (0x43485341)
 *      4      4  version: 1
 *      8      4  count of names, 0 or more
 *     12      4  zero
 *     16      …  count × { u16 length (1 to 4096), name (that many bytes of UTF-8) }
 * </pre>
 *
 * <p><b>Valid</b> when the count of names ends exactly at the blob's end and every name keeps the
 * rules of {@link BlobName}. The store's own checksum covers all of it, so a reader gets the bytes
 * that were written or an error; these checks are for blobs that another program wrote.
 *
 * <p><b>Id.</b> The upper 64 bits are {@link #ID_HIGH}, the head of the SHA-256 of {@code "ashlar
 * catalogue 1"}: a scan of the ids finds every page without reading a blob. The lower 64 bits are
 * the head of the page's own SHA-256, so the same names give the same page.
 *
 * <p><b>Versions.</b> A reader refuses a version that it does not know, by name: {@link
 * FormatVersionException}. A later version keeps the id's upper half.
 */
final class CatalogueFormat {

  /** The upper half of every page's id. */
  static final long ID_HIGH = idHigh();

  /** The longest page that is read, in bytes; a writer stays far below it. */
  static final int PAGE_BYTES_MAX = 16 << 20;

  private static final int MAGIC = 0x43485341;
  private static final int VERSION = 1;
  private static final int VERSION_OFFSET = 4;
  private static final int COUNT_OFFSET = 8;
  private static final int ZERO_OFFSET = 12;
  private static final int HEADER_BYTES = 16;
  private static final int NAME_HEADER_BYTES = 2;

  private CatalogueFormat() {}

  private static long idHigh() {
    byte[] tag = {
      'a', 's', 'h', 'l', 'a', 'r', ' ', 'c', 'a', 't', 'a', 'l', 'o', 'g', 'u', 'e', ' ', '1'
    };
    return ByteBuffer.wrap(BlobName.sha256().digest(tag)).getLong();
  }

  /** Returns whether {@code id} is that of a page. */
  static boolean isPage(BlobId id) {
    return id.high() == ID_HIGH;
  }

  /** Returns the id of a page with this content. */
  static BlobId idOf(byte[] page) {
    return new BlobId(ID_HIGH, ByteBuffer.wrap(BlobName.sha256().digest(page)).getLong());
  }

  /** Returns how many bytes {@code name} takes in a page. */
  static int entryBytes(BlobName name) {
    return NAME_HEADER_BYTES + name.utf8().length;
  }

  /** Returns a page that lists {@code names} in their order. */
  static byte[] encode(Collection<BlobName> names) {
    int length = HEADER_BYTES;
    for (BlobName name : names) {
      length = Math.addExact(length, entryBytes(name));
    }
    ByteBuffer page = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    page.putInt(MAGIC).putInt(VERSION).putInt(names.size()).putInt(0);
    for (BlobName name : names) {
      byte[] utf8 = name.utf8();
      page.putShort((short) utf8.length).put(utf8);
    }
    return page.array();
  }

  /**
   * Returns the names of a page, in its order.
   *
   * @param id the page's id, for messages.
   * @throws FormatVersionException if a later version wrote it.
   * @throws CorruptionException if it is not a page.
   */
  static List<BlobName> decode(BlobId id, byte[] page) {
    ByteBuffer buffer = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    if (page.length < HEADER_BYTES) {
      throw damaged(id, "length", HEADER_BYTES, page.length);
    }
    if (buffer.getInt(0) != MAGIC) {
      throw damaged(id, "magic", MAGIC, buffer.getInt(0));
    }
    int version = buffer.getInt(VERSION_OFFSET);
    if (version != VERSION) {
      throw new FormatVersionException(
          "catalogue page of an unknown version: id="
              + id
              + ", version="
              + Integer.toUnsignedString(version)
              + ", this program reads="
              + VERSION
              + "; use the program that wrote it",
          null);
    }
    if (buffer.getInt(ZERO_OFFSET) != 0) {
      throw damaged(id, "reserved bytes", 0, buffer.getInt(ZERO_OFFSET));
    }
    long count = Integer.toUnsignedLong(buffer.getInt(COUNT_OFFSET));
    if (count > (page.length - HEADER_BYTES) / (NAME_HEADER_BYTES + 1)) {
      throw damaged(id, "count", (page.length - HEADER_BYTES) / (NAME_HEADER_BYTES + 1), count);
    }
    buffer.position(HEADER_BYTES);
    List<BlobName> names = new ArrayList<>((int) count);
    for (long i = 0; i < count; i++) {
      names.add(decodeName(id, buffer));
    }
    if (buffer.hasRemaining()) {
      throw damaged(id, "end", buffer.position(), page.length);
    }
    return names;
  }

  private static BlobName decodeName(BlobId id, ByteBuffer page) {
    if (page.remaining() < NAME_HEADER_BYTES) {
      throw damaged(id, "length of a name", NAME_HEADER_BYTES, page.remaining());
    }
    int length = Short.toUnsignedInt(page.getShort());
    if (length > page.remaining()) {
      throw damaged(id, "length of a name", page.remaining(), length);
    }
    ByteBuffer utf8 = page.slice(page.position(), length);
    page.position(page.position() + length);
    try {
      return BlobName.decode(utf8);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "catalogue page holds a bad name: id=" + id + ": " + e.getMessage(), e);
    }
  }

  private static CorruptionException damaged(BlobId id, String what, long expected, long actual) {
    return new CorruptionException(
        "catalogue page is malformed: "
            + what
            + ": id="
            + id
            + ", expected="
            + expected
            + ", actual="
            + actual
            + "; restore the store from its tier",
        id,
        -1,
        expected,
        actual,
        null);
  }
}
