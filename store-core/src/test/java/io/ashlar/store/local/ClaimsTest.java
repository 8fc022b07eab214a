package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.Admission;
import io.ashlar.store.BackPressureTimeoutException;
import io.ashlar.store.Epoch;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A claim lives until its epoch is committed or closed, whatever else the epoch is given: no order
 * of calls makes an acknowledged blob that cannot be read (G2, G4).
 */
@Timeout(60)
class ClaimsTest extends ClaimFixture {

  @Test
  void shouldKeepEveryClaimUntilTheCommit() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment left = epoch.claim(id(1), 16_384);
      MemorySegment right = epoch.claim(id(2), 16_384);
      left.fill((byte) 1); // what splitting a page of a tree does
      right.fill((byte) 2);
      epoch.commit();
    }
    assertHolds(store, 1, 1, 16_384);
    assertHolds(store, 2, 2, 16_384);
  }

  @Test
  void shouldTakeWhatAClaimHoldsAtTheCommitWhateverCameAfterIt() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment first = epoch.claim(id(1), 5000);
      epoch.put(id(2), value(2, 9000));
      MemorySegment second = epoch.claim(id(3), 100);
      epoch.delete(id(9));
      assertThat(epoch.tryPut(id(4), value(4, 1))).isEqualTo(Admission.ACCEPTED);
      epoch.put(id(5), value(5, 3 * MIB)); // streams
      epoch.claim(id(6), 0);
      first.fill((byte) 1);
      second.fill((byte) 3);
      epoch.commit();
    }
    assertHolds(store, 1, 1, 5000);
    assertHolds(store, 2, 2, 9000);
    assertHolds(store, 3, 3, 100);
    assertHolds(store, 4, 4, 1);
    assertHolds(store, 5, 5, 3 * MIB);
    assertThat(store.length(id(6))).isZero();
  }

  @Test
  void shouldLetTheLastOperationOnAnIdWin() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      List<MemorySegment> superseded = new ArrayList<>();
      superseded.add(epoch.claim(id(1), 5000)); // claimed twice
      MemorySegment winner = epoch.claim(id(1), 7000);
      superseded.add(epoch.claim(id(2), 5000)); // then put
      epoch.put(id(2), value(2, 6000));
      superseded.add(epoch.claim(id(3), 5000)); // then deleted
      epoch.delete(id(3));
      epoch.put(id(4), value(9, 5000)); // put, then claimed
      MemorySegment after = epoch.claim(id(4), 100);
      epoch.delete(id(5));
      MemorySegment deleted = epoch.claim(id(5), 4096); // deleted, then claimed
      winner.fill((byte) 1);
      after.fill((byte) 4);
      deleted.fill((byte) 5);
      superseded.forEach(memory -> memory.fill((byte) 0xEE)); // still valid, harms no neighbour
      epoch.commit();
    }
    assertHolds(store, 1, 1, 7000);
    assertHolds(store, 2, 2, 6000);
    assertThat(store.contains(id(3))).isFalse();
    assertHolds(store, 4, 4, 100);
    assertHolds(store, 5, 5, 4096);
  }

  @Test
  void shouldTakeTheShortestAndTheLongest() {
    DataFileStore store = open();
    long longest = store.claimBytesMax();
    for (long bytes : new long[] {1, 4095, 4096, 4097, longest - 1, longest}) {
      try (Epoch epoch = store.beginEpoch()) {
        epoch.put(id(1), value(1, 10));
        MemorySegment nothing = epoch.claim(id(2), 0);
        MemorySegment claim = epoch.claim(id(3), bytes);
        epoch.put(id(4), value(4, 10));
        epoch.finish(nothing);
        claim.fill((byte) bytes);
        epoch.commit();
      }
      assertHolds(store, 1, 1, 10);
      assertThat(store.length(id(2))).isZero();
      assertHolds(store, 3, (int) bytes, bytes);
      assertHolds(store, 4, 4, 10);
    }
  }

  @Test
  void shouldTakeAtOnceWhatAFinishedClaimHolds() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment first = epoch.claim(id(1), 5000).fill((byte) 1);
      MemorySegment second = epoch.claim(id(2), 5000).fill((byte) 2);
      MemorySegment third = epoch.claim(id(3), MIB).fill((byte) 3);
      epoch.finish(second);
      epoch.finish(third);
      epoch.finish(first);
      for (MemorySegment wrong :
          List.of(
              first,
              value(1, 5000),
              epoch.claim(id(4), 100).fill((byte) 4).asSlice(1),
              MemorySegment.ofArray(new byte[9]))) {
        assertThatThrownBy(() -> epoch.finish(wrong))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("not the memory of an open claim of this epoch");
      }
      epoch.commit();
    }
    assertHolds(store, 1, 1, 5000);
    assertHolds(store, 2, 2, 5000);
    assertHolds(store, 3, 3, MIB);
    assertHolds(store, 4, 4, 100);
  }

  @Test
  void shouldFindClaimsToFinishInAnyOrder() {
    DataFileStore store = open();
    for (int step : new int[] {1, 99, 37}) { // forwards, backwards, across
      try (Epoch epoch = store.beginEpoch()) {
        List<MemorySegment> claims = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
          claims.add(epoch.claim(id(i), 1 + i * 50).fill((byte) (i + step)));
        }
        for (int i = 0; i < 100; i += 1 + i % 2) { // some stay open
          epoch.finish(claims.get(i * step % 100));
        }
        epoch.commit();
      }
      for (int i = 0; i < 100; i++) {
        assertHolds(store, i, i + step, 1 + i * 50);
      }
    }
  }

  // ---- commits that are refused

  @Test
  void shouldTakeWhatIsThereAtTheTryThatSucceeds() {
    DataFileStore store = open(SMALL.withQueueCapacity(2));
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment claim = epoch.claim(id(1), 5000).fill((byte) 9);
      MemorySegment finished = epoch.claim(id(2), 5000).fill((byte) 2);
      epoch.finish(finished);
      fillQueue(store);
      assertThat(epoch.tryCommit(new Ended())).isEqualTo(Admission.BACK_PRESSURED);
      claim.fill((byte) 1);
      MemorySegment another = epoch.claim(id(3), 5000);
      assertThat(epoch.tryCommit(new Ended())).isEqualTo(Admission.BACK_PRESSURED);
      another.fill((byte) 3);
      store.doWork();
      Ended ended = new Ended();
      assertThat(epoch.tryCommit(ended)).isEqualTo(Admission.ACCEPTED);
      store.doWork();
      assertThat(ended.epoch).isCompletedWithValue(3L);
    }
    assertHolds(store, 1, 1, 5000);
    assertHolds(store, 2, 2, 5000);
    assertHolds(store, 3, 3, 5000);
  }

  private static void fillQueue(DataFileStore store) {
    for (int i = 0; i < 2; i++) {
      try (Epoch queued = store.beginEpoch()) {
        queued.put(id(50 + i), value(7, 100));
        queued.commit(new Ended());
      }
    }
  }

  @Test
  void shouldStayOpenWhereAListenerFindsTheQueueFull() {
    DataFileStore store = open(SMALL.withQueueCapacity(2).withBackPressureTimeoutMs(86_400_000));
    try (Epoch left = store.beginEpoch();
        Epoch telling = store.beginEpoch()) {
      MemorySegment claim = left.claim(id(1), 5000).fill((byte) 9);
      CompletableFuture<Void> refused = new CompletableFuture<>();
      telling.put(id(2), value(2, 10));
      var _ =
          telling
              .commitAsync()
              .thenRun(() -> {
                fillQueue(store);
                assertThatThrownBy(left::commitAsync)
                    .isInstanceOf(BackPressureTimeoutException.class);
                refused.complete(null);
              })
              .exceptionally(failure -> {
                refused.completeExceptionally(failure);
                return null;
              });
      store.doWork();
      assertThat(refused).isCompleted();
      store.doWork();
      for (int i = 2; i < 9; i++) { // so that it is written ahead, but for the claim
        left.put(id(i), value(i, 300_000));
      }
      claim.fill((byte) 1); // it is still open
      left.commit();
    }
    assertHolds(store, 1, 1, 5000);
    assertHolds(store, 8, 8, 300_000);
  }

  // ---- epochs that do not end well

  @Test
  void shouldKeepClaimsOfABrokenEpochUntilItIsClosed() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment claim = epoch.claim(id(1), 5000);
      byte[] few = new byte[10];
      assertThatThrownBy(
              () -> epoch.put(id(2), Channels.newChannel(new ByteArrayInputStream(few)), 5000))
          .isInstanceOf(IOException.class);
      claim.fill((byte) 1);
      assertThatThrownBy(() -> epoch.finish(claim))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("close it");
      assertThatThrownBy(epoch::commit).isInstanceOf(IllegalStateException.class);
    }
    assertThat(store.contains(id(1))).isFalse();
  }

  @Test
  @SuppressWarnings("try") // closes in the middle on purpose
  void shouldBeginAgainWithoutTheClaimsOfTheLastEpoch() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment given = epoch.claim(id(1), 5000).fill((byte) 1);
      epoch.claim(id(2), MIB);
      epoch.close();
      epoch.begin();
      MemorySegment claim = epoch.claim(id(3), 5000).fill((byte) 3);
      assertThatThrownBy(() -> epoch.finish(given.asSlice(0, 4999)))
          .isInstanceOf(IllegalArgumentException.class);
      epoch.finish(claim);
      epoch.commit();
    }
    assertThat(store.contains(id(1))).isFalse();
    assertHolds(store, 3, 3, 5000);
  }

  @Test
  void shouldCloseWithClaimsOpen() {
    DataFileStore store = open();
    Epoch left = store.beginEpoch();
    MemorySegment claim = left.claim(id(1), 5000);
    store.close();
    opened = null;
    assertThatCode(left::close).doesNotThrowAnyException();
    assertThatThrownBy(() -> claim.fill((byte) 1)).isInstanceOf(IllegalStateException.class);
  }

  // ---- checks

  /** With checks every access after the end throws, whatever has the memory by then. */
  @Test
  void shouldCatchAWriteAfterTheEndOfAClaim() {
    DataFileStore store = open();
    List<MemorySegment> ended = new ArrayList<>();
    try (Epoch epoch = store.beginEpoch()) {
      ended.add(claim(epoch));
      epoch.finish(ended.getLast());
      assertAllGone(ended);
      ended.add(claim(epoch));
      epoch.commit();
      assertAllGone(ended);
      epoch.begin();
      ended.add(claim(epoch));
      epoch.commit(new Ended());
      assertAllGone(ended);
      store.doWork();
      epoch.begin();
      ended.add(claim(epoch));
      assertThat(epoch.tryCommit(new Ended())).isEqualTo(Admission.ACCEPTED);
      assertAllGone(ended);
      store.doWork();
      epoch.begin();
      ended.add(claim(epoch));
    }
    assertAllGone(ended);
  }

  private static MemorySegment claim(Epoch epoch) {
    return epoch.claim(id(1), 5000).fill((byte) 1);
  }

  private static void assertAllGone(List<MemorySegment> claims) {
    for (MemorySegment claim : claims) {
      assertThatThrownBy(() -> claim.set(ValueLayout.JAVA_BYTE, 0, (byte) 2))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
  }
}
