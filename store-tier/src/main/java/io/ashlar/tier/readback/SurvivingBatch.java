package io.ashlar.tier.readback;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.spi.LargeArena;
import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.batch.FramedHeader;
import io.ashlar.tier.batch.FramedIndex;
import io.ashlar.tier.batch.Salvage;
import io.ashlar.tier.checkpoint.BatchReference;
import io.ashlar.tier.checkpoint.TierKeys;
import io.ashlar.tier.object.ObjectNotFoundException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is left of a batch, and what is known of the rest. Reading one never fails because of
 * damage.
 *
 * <table>
 *   <caption>What proves what</caption>
 *   <tr><th>the object</th><th>ids</th><th>blobs</th></tr>
 *   <tr><td>whole: as its manifest describes it, or, of a batch that no manifest describes, whole
 *       in itself and of the id in its name</td><td>all</td><td>all</td></tr>
 *   <tr><td>damaged, with an index that belongs to this very object: the object's CRC-32C follows
 *       from it, and is the manifest's</td>
 *       <td>all</td><td>those whose frames give the length and CRC-32C of the index</td></tr>
 *   <tr><td>damaged, without such an index, with the header of this batch</td>
 *       <td>those found; all, if they are as many as the manifest says</td>
 *       <td>those in whole frames, from the first on</td></tr>
 *   <tr><td>gone, emptied, of another batch, or damaged and older than version 3</td>
 *       <td>none</td><td>none</td></tr>
 * </table>
 *
 * <p>The writer of version 3 packs an id once into a batch. So an entry that is found is the
 * batch's last of its id, whatever was lost beside it.
 *
 * <p>Thread: any, until it is closed. Memory: its own, off the heap; the table of frames on it.
 */
public final class SurvivingBatch implements AutoCloseable {
  private static final MemorySegment NO_DATA = MemorySegment.ofArray(new byte[0]);

  private final String name;
  private final @Nullable BatchReference reference;
  private final @Nullable DecodedBatch found;
  private final @Nullable BatchIndex index;
  private final boolean idsKnown;
  private final @Nullable CorruptionException damage;

  private SurvivingBatch(
      String name,
      @Nullable BatchReference reference,
      @Nullable DecodedBatch found,
      @Nullable BatchIndex index,
      boolean idsKnown,
      @Nullable CorruptionException damage) {
    this.name = name;
    this.reference = reference;
    this.found = found;
    this.index = index;
    this.idsKnown = idsKnown;
    this.damage = damage;
  }

  /**
   * Reads a batch that a manifest describes.
   *
   * @return what is left of it, to be closed.
   * @throws io.ashlar.store.WrongKeyException if it is encrypted and its key is not there.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static SurvivingBatch read(BatchReader reader, BatchReference reference) {
    try {
      return new SurvivingBatch(
          reference.name(), reference, reader.read(reference), null, true, null);
    } catch (CorruptionException e) {
      return isAbsent(e) || !BatchContents.isFramed(reference)
          ? nothing(reference.name(), reference, e)
          : remains(reader, reference, e);
    }
  }

  /**
   * Reads a batch that no manifest describes: all of it, or nothing.
   *
   * @param name its key.
   * @return what is left of it, to be closed.
   * @throws io.ashlar.store.WrongKeyException if it is encrypted and its key is not there.
   * @throws io.ashlar.store.TierUnavailableException if the object store does not answer.
   */
  public static SurvivingBatch read(BatchReader reader, String name) {
    try {
      // One bad answer is no damage.
      return reader.answered(name, null, () -> readWhole(reader, name));
    } catch (CorruptionException e) {
      return nothing(name, null, e);
    }
  }

  private static SurvivingBatch readWhole(BatchReader reader, String name) {
    try (Arena arena = LargeArena.ofConfined()) {
      MemorySegment object = reader.readObject(name, arena);
      DecodedBatch batch = reader.decode(name, object);
      if (batch.entries() == 0) {
        batch.close();
        return new SurvivingBatch(name, null, null, null, true, null);
      }
      BatchReference reference =
          new BatchReference(
              name,
              BatchReference.Kind.PUTS,
              batch.entries(),
              object.byteSize(),
              batch.bodyBytes(),
              Integer.toUnsignedLong(BatchCodec.crc32c(object)));
      return new SurvivingBatch(name, reference, batch, null, true, null);
    }
  }

  private static SurvivingBatch nothing(
      String name, @Nullable BatchReference reference, CorruptionException damage) {
    return new SurvivingBatch(name, reference, null, null, false, damage);
  }

  private static boolean isAbsent(CorruptionException e) {
    return e.getCause() instanceof ObjectNotFoundException;
  }

  private static SurvivingBatch remains(
      BatchReader reader, BatchReference reference, CorruptionException damage) {
    String key = reference.name();
    Arena bodyArena = LargeArena.ofShared();
    Arena indexArena = Arena.ofShared();
    SurvivingBatch remains = null;
    try (Arena objectArena = LargeArena.ofConfined()) {
      MemorySegment read = reader.readObject(key, objectArena);
      // What was appended does no harm to what lies before it.
      MemorySegment object = read.asSlice(0, Math.min(read.byteSize(), reference.bytes()));
      BatchIndex index = ownIndex(reader, reference, object, indexArena);
      Salvage salvage =
          reader.told(key, null, () -> reader.framed().salvage(batchId(key), object, bodyArena));
      DecodedBatch found =
          index != null || isOwn(salvage.batch(), key)
              ? DecodedBatch.of(bodyArena, salvage.batch())
              : null;
      boolean all =
          index != null || (found != null && salvage.entriesFound() == reference.entries());
      remains = new SurvivingBatch(key, reference, found, index, all, damage);
      return remains;
    } catch (CorruptionException worse) {
      remains = nothing(key, reference, worse); // gone meanwhile, say
      return remains;
    } finally {
      if (remains == null || remains.found == null) {
        bodyArena.close();
      }
      if (remains == null || remains.index == null) {
        indexArena.close();
      }
    }
  }

  /** The index, if it is that of this very object. */
  private static @Nullable BatchIndex ownIndex(
      BatchReader reader, BatchReference reference, MemorySegment object, Arena arena) {
    if (object.byteSize() != reference.bytes()) {
      return null;
    }
    try {
      FramedIndex index =
          reader.told(
              reference.name(),
              null,
              () ->
                  reader
                      .framed()
                      .openIndex(
                          batchId(reference.name()),
                          object.byteSize(),
                          (offset, target) ->
                              target.copyFrom(object.asSlice(offset, target.byteSize())),
                          arena));
      return Integer.toUnsignedLong(index.objectCrc32c()) == reference.crc32c()
          ? BatchIndex.of(arena, index)
          : null;
    } catch (CorruptionException none) {
      return null;
    }
  }

  /**
   * Whether what was salvaged is of the batch of this name. Frames that are sealed were opened for
   * that batch only.
   */
  private static boolean isOwn(Batch batch, String key) {
    FramedHeader header = batch.framedHeader();
    return header != null && header.id().equals(batchId(key));
  }

  private static UUID batchId(String key) {
    return Objects.requireNonNull(TierKeys.batchName(key)).id();
  }

  /** Its key. */
  public String name() {
    return name;
  }

  /**
   * How a manifest describes it. What no manifest describes is taken for a batch of blobs; null
   * then if it is not whole, or has no entry.
   */
  public @Nullable BatchReference reference() {
    return reference;
  }

  /** Whether all of it is there, as it was written. */
  public boolean isWhole() {
    return damage == null;
  }

  /** Whether it is known which ids it has: then no other id has an entry here. */
  public boolean idsKnown() {
    return idsKnown;
  }

  /** What is wrong with it; null if nothing is. */
  public @Nullable CorruptionException damage() {
    return damage;
  }

  /** Whether any entry has data: then it is no batch of deletes, whatever a manifest says. */
  public boolean hasData() {
    boolean[] data = new boolean[1];
    forEach((high, low, bodyOffset, length, crc, bytes) -> data[0] |= length > 0);
    return data[0];
  }

  /** Where the frames lie that {@code bodyOffset} of an entry counts in; null if there are none. */
  public @Nullable FrameTable frames() {
    if (index != null) {
      return index.frames();
    }
    return found == null ? null : found.frames();
  }

  /** Receives the last entry of each id. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * One blob, or one delete.
     *
     * @param bodyOffset where its entry begins in the body that {@link #frames} give.
     * @param length the blob's length.
     * @param crc32c the CRC-32C of its bytes.
     * @param data its bytes, read-only, valid until the batch is closed; null if they are lost.
     */
    void onEntry(
        long high,
        long low,
        long bodyOffset,
        long length,
        int crc32c,
        @Nullable MemorySegment data);
  }

  /** Visits the last entry of each id that is known. */
  public void forEach(Visitor visitor) {
    if (index != null) {
      index.forEach((high, low, entry) -> {
        MemorySegment data = found == null ? null : found.data(high, low);
        if (entry.dataBytes() == 0) {
          data = NO_DATA; // there is nothing that could be lost
        }
        boolean same =
            data != null
                && data.byteSize() == entry.dataBytes()
                && BatchCodec.crc32c(data) == entry.crc32c();
        visitor.onEntry(
            high, low, entry.bodyOffset(), entry.dataBytes(), entry.crc32c(), same ? data : null);
      });
    } else if (found != null) {
      found.forEach((high, low, data, bodyOffset) ->
          visitor.onEntry(high, low, bodyOffset, data.byteSize(), BatchCodec.crc32c(data), data));
    }
  }

  /** Frees the memory; idempotent. */
  @Override
  public void close() {
    if (found != null) {
      found.close();
    }
    if (index != null) {
      index.close();
    }
  }
}
