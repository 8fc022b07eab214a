package io.ashlar.store.local;

import static io.ashlar.store.local.ScriptedStore.Change.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.CorruptionException;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.DiskEvent;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.LogRecordFormat;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where the log breaks before something durable, the open says so instead of losing it (L18). */
class LostRecordTest {

  private static List<DiskEvent.Write> records(ScriptedStore store) {
    List<DiskEvent.Write> records = new ArrayList<>();
    for (DiskEvent event : store.disk.events()) {
      if (event instanceof DiskEvent.Write write && ScriptedStore.isRecord(event)) {
        records.add(write);
      }
    }
    return records;
  }

  /** Opens an image; returns the last epoch that it kept, or -1 when it was refused. */
  private static long kept(BlockImage image) {
    try (StoreLife.Opened opened = StoreLife.openOn(SimulatedDisk.of(image), 1)) {
      return opened.store().recoveryReport().lastEpoch();
    } catch (CorruptionException e) {
      assertThat(e).hasMessageContaining("a log record that was durable is damaged");
      return -1;
    }
  }

  @Test
  void shouldRefuseALogOfWhichAnyRecordButTheLastIsDamaged() {
    for (int blocks = 0; blocks < 8; blocks++) { // from eight records an extent to one
      ScriptedStore store = ScriptedStore.create();
      for (int i = 0; i < 9; i++) {
        store.commit(blocks == 0 ? ScriptedStore.Change.delete(i) : put(i, blocks));
      }
      List<DiskEvent.Write> records = records(store);
      long last =
          LogRecordFormat.sequence(
              java.lang.foreign.MemorySegment.ofArray(records.getLast().bytes()));
      assertThat(last).isEqualTo(records.size());
      for (DiskEvent.Write record : records) {
        BlockImage image = store.disk.image();
        image.flipBit(record.offset() + LogRecordFormat.HEADER_BYTES + 4, 1);
        long expected = record.equals(records.getLast()) ? store.lastEpoch() - 1 : -1;
        assertThat(kept(image)).as("blocks %d, %s", blocks, record).isEqualTo(expected);
      }
      store.close();
    }
  }

  /** The damaged record's mark was all that spoke for the one before, whose blobs may be gone. */
  @Test
  void shouldRefuseItAlsoWhereABlobOfTheRecordBeforeWasWrittenOver() {
    for (int blocks = 1; blocks < 8; blocks++) {
      ScriptedStore store = ScriptedStore.create();
      for (int i = 0; i < 9; i++) {
        store.commit(put(i, blocks));
      }
      List<DiskEvent.Write> records = records(store);
      for (int i = 1; i < records.size(); i++) {
        DiskEvent.Write before = records.get(i - 1);
        BlockImage image = store.disk.image();
        image.flipBit(records.get(i).offset() + LogRecordFormat.HEADER_BYTES + 4, 1);
        boolean hasBlob = before.bytes().length > Blocks.BYTES;
        if (hasBlob) {
          image.zero(before.offset() + Blocks.BYTES, Blocks.BYTES);
        }
        int lost = hasBlob ? 2 : 1;
        long expected = i == records.size() - 1 ? store.lastEpoch() - lost : -1;
        assertThat(kept(image)).as("blocks %d, record %d", blocks, i).isEqualTo(expected);
      }
      store.close();
    }
  }
}
