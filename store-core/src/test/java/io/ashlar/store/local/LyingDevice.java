package io.ashlar.store.local;

import io.ashlar.store.BlobLease;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.StoreException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.CrashImages;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.local.StoreLife.History;
import io.ashlar.store.local.StoreLife.Value;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A device that did one wrong thing to one block, or two: what it then holds may be lost, but never
 * taken for something else. The open ends with a typed error, or it keeps the state after an epoch
 * that was begun, and each blob of it reads exactly or says that it is damaged (G4, G5).
 *
 * @param image what the crash left, lie included.
 * @param kind what the lie is.
 * @param headerIsWhole whether only a bit behind the header of what may be a log record is wrong.
 *     Then at most the last two acknowledged groups are lost: the last may be taken for one that
 *     was being written (the known limit of the protocol), and with it goes the mark of the one
 *     before, which then needs all its blobs, those too that it superseded itself and that were
 *     written over since. A record whose header is lost may take with it those behind it if it
 *     filled its log extent alone: nothing else says where they are.
 */
record LyingDevice(BlockImage image, String kind, boolean headerIsWhole, long seed) {

  /**
   * Lets the device lie.
   *
   * @param before the file at some earlier moment.
   */
  static LyingDevice choose(CrashImages.Crash crash, BlockImage before, SplittableRandom random) {
    BlockImage image = crash.image().copy();
    long[] written = image.differences(before);
    long blocks = Math.max(1, image.size() / Blocks.BYTES);
    long block =
        written.length == 0 ? random.nextLong(blocks) : written[random.nextInt(written.length)];
    long other = random.nextLong(blocks);
    boolean headerIsWhole = false;
    String kind;
    switch (random.nextInt(5)) {
      case 0 -> {
        kind = "STALE";
        image.makeStale(block, before);
      }
      case 1 -> {
        kind = "MISDIRECTED";
        image.misdirect(block, other, before);
      }
      case 2 -> {
        kind = "SWAPPED";
        image.swapBlocks(block, other);
      }
      case 3 -> {
        kind = "ZEROED";
        image.zero(Blocks.offset(block), Blocks.BYTES);
      }
      default -> {
        kind = "BIT FLIPPED";
        int at = random.nextInt(Blocks.BYTES);
        headerIsWhole = at >= LogRecordFormat.HEADER_BYTES;
        image.flipBit(Blocks.offset(block) + at, random.nextInt(8));
      }
    }
    return new LyingDevice(image, kind, headerIsWhole, crash.seed());
  }

  /** Opens it; returns what is wrong, or null. */
  @Nullable String check(History history, long acked, long begun) {
    try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(image), seed)) {
      LocalBlobStore store = opened.store();
      long kept = store.recoveryReport().lastEpoch();
      if (kept > begun) {
        return kind + ": kept epoch " + kept + ", begun " + begun;
      }
      Long before = history.groupEnds.lower(acked);
      before = before == null ? null : history.groupEnds.lower(before);
      if (headerIsWhole && before != null && kept < before) {
        return kind + ": kept epoch " + kept + ", acknowledged " + acked;
      }
      return difference(store, history.states.get((int) kept));
    } catch (StoreException e) {
      return null; // refused, by name
    } catch (RuntimeException | AssertionError e) {
      StackTraceElement[] trace = e.getStackTrace();
      return kind + ": " + e + (trace.length > 0 ? " at " + trace[0] : "");
    }
  }

  private @Nullable String difference(LocalBlobStore store, Map<Integer, Value> state) {
    for (int i = 0; i < StoreLife.IDS; i++) {
      Value expected = state.get(i);
      try (BlobLease lease = store.get(StoreLife.id(i))) {
        if ((expected == null) != (lease == null)) {
          return kind + ": id " + i + (lease == null ? " is missing" : " should not be there");
        }
        if (lease != null
            && expected != null
            && lease.value().mismatch(MemorySegment.ofArray(expected.bytes())) >= 0) {
          return kind + ": id " + i + " has other bytes";
        }
      } catch (CorruptionException e) {
        // It says so, and the others stay readable (G5).
      }
    }
    return null;
  }
}
