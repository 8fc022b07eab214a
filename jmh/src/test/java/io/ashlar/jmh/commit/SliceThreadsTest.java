package io.ashlar.jmh.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SliceThreadsTest {

  private static final int VALUE_BYTES = 4096;
  private static final Cell CELL = new Cell("test", 2, 2, VALUE_BYTES, 64 * VALUE_BYTES, 0);

  @ParameterizedTest
  @EnumSource
  @Tag("campaign")
  void shouldMeasureASliceOfSeveralThreads(Contestant contestant, @TempDir Path folder) {
    Keys keys = new Keys(CELL.idCount());
    Histogram latencies = SliceThreads.newHistogram();
    try (SliceThreads threads = new SliceThreads(CELL, 1);
        PeerStore store = contestant.open(folder, keys, CELL);
        PeerWriter first = store.openWriter();
        PeerWriter second = store.openWriter()) {
      SliceThreads.Outcome outcome =
          threads.run(List.of(first, second), TimeUnit.MILLISECONDS.toNanos(5), latencies);
      assertThat(outcome.operations())
          .isEqualTo(latencies.getTotalCount())
          .isGreaterThanOrEqualTo(2);
    }
  }
}
