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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Claims and the memory that they hold: what is written ahead beside them, how much of the pool
 * they may have, and that nothing waits for ever for what they hold (G10).
 */
@Timeout(60)
class ClaimBoundsTest extends ClaimFixture {

  private static final int WAITING = 4;

  /** Claims until the bound of one epoch is reached; returns what was claimed. */
  private static List<MemorySegment> claimAll(Epoch epoch, int firstId, int bytes) {
    List<MemorySegment> claims = new ArrayList<>();
    MemorySegment claim = epoch.tryClaim(id(firstId), bytes);
    while (claim != null) {
      claims.add(claim.fill((byte) (firstId + claims.size())));
      assertThat(claims.size()).isLessThan(10_000);
      claim = epoch.tryClaim(id(firstId + claims.size()), bytes);
    }
    return claims;
  }

  @Test
  void shouldWriteAheadWhatIsPutWhileClaimsAreOpen() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment last = epoch.claim(id(40), 5000);
      MemorySegment first = epoch.claim(id(0), MIB); // with its table in a buffer of its own
      for (int i = 1; i < 40; i++) { // three times the pool
        epoch.put(id(i), value(i, 300_000));
      }
      assertThat(store.stats().bytesWritten()).isGreaterThan(9 * MIB);
      first.fill((byte) 100);
      last.fill((byte) 40);
      epoch.commit();
    }
    assertHolds(store, 0, 100, MIB);
    for (int i = 1; i < 40; i++) {
      assertHolds(store, i, i, 300_000);
    }
    assertHolds(store, 40, 40, 5000);
  }

  @Test
  void shouldWriteAheadClaimsThatWereFinishedAndNoOthers() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment first = epoch.claim(id(0), 5000);
      MemorySegment before = first;
      for (int i = 1; i < 80; i++) { // two are open at once
        MemorySegment next = epoch.claim(id(i), 400_000);
        if (i > 1) {
          epoch.finish(before.fill((byte) (i - 1)));
        }
        before = next;
      }
      before.fill((byte) 79);
      first.fill((byte) 100);
      epoch.commit();
    }
    assertHolds(store, 0, 100, 5000);
    for (int i = 1; i < 80; i++) {
      assertHolds(store, i, i, 400_000);
    }
  }

  /** A put must not wait for what an open claim of its own epoch holds: only that could end it. */
  @Test
  void shouldPutWhatNeedsTheBufferThatAClaimOfItsEpochHolds() throws IOException {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      MemorySegment claim = epoch.claim(id(0), MIB); // the only buffer of that length
      byte[] bytes = value(1, 700_001).toArray(ValueLayout.JAVA_BYTE);
      epoch.put(id(1), Channels.newChannel(new ByteArrayInputStream(bytes)), bytes.length);
      epoch.put(id(2), value(2, 700_001));
      epoch.put(id(3), value(3, MIB));
      epoch.put(id(4), value(4, 5 * MIB + 1));
      assertThat(epoch.tryPut(id(5), value(5, MIB))).isEqualTo(Admission.BACK_PRESSURED);
      claim.fill((byte) 9);
      epoch.commit();
    }
    assertHolds(store, 0, 9, MIB);
    assertHolds(store, 1, 1, 700_001);
    assertHolds(store, 2, 2, 700_001);
    assertHolds(store, 3, 3, MIB);
    assertHolds(store, 4, 4, 5 * MIB + 1);
    assertThat(store.contains(id(5))).isFalse();
  }

  // ---- bounds

  @Test
  void shouldRefuseAnEpochMoreOpenClaimsThanItMayHave() {
    DataFileStore store = open();
    try (Epoch epoch = store.beginEpoch()) {
      List<MemorySegment> claims = claimAll(epoch, 0, 20_000);
      assertThat(claims).hasSize(1 + MIB / 20_480); // a quarter of the pool
      assertThatThrownBy(() -> epoch.claim(id(9000), 20_000))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("finish some")
          .hasMessageContaining("openClaimBytesMax=1048576");
      assertThat(epoch.operationCount()).isEqualTo(claims.size());
      for (int i = 0; i < 300; i++) { // one that ends makes room for the next
        epoch.finish(claims.get(i));
        int next = claims.size();
        assertThatCode(() -> claims.add(epoch.claim(id(next), 20_000).fill((byte) next)))
            .doesNotThrowAnyException();
      }
      epoch.commit();
      for (int i = 0; i < claims.size(); i++) {
        assertHolds(store, i, i, 20_000);
      }
    }
  }

  @Test
  void shouldRefuseMoreThanOneGatheredWriteCarries() {
    DataFileStore store = open(SMALL.withGroupBytesMax(64 << 10));
    try (Epoch epoch = store.beginEpoch()) {
      assertThat(claimAll(epoch, 0, 16_384)).hasSize(4);
      assertThatThrownBy(() -> epoch.claim(id(90), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("openClaimBytesMax=65536");
      epoch.commit();
      epoch.begin();
      epoch.claim(id(90), MIB).fill((byte) 90); // one of any length
      epoch.commit();
    }
    assertHolds(store, 3, 3, 16_384);
    assertHolds(store, 90, 90, MIB);
  }

  @Test
  void shouldLeaveAQuarterOfThePoolToOthersThanClaims() {
    DataFileStore store = open();
    for (int round = 0; round < 3; round++) {
      try (Epoch first = store.beginEpoch();
          Epoch second = store.beginEpoch();
          Epoch third = store.beginEpoch();
          Epoch fourth = store.beginEpoch()) {
        List<MemorySegment> claims = claimAll(first, 0, 4096);
        claims.addAll(claimAll(second, 1000, 4096));
        claims.addAll(claimAll(fourth, 2000, 4096));
        assertThat(claims.size()).isBetween(600, 768); // 3 MiB
        assertThat(store.stats().poolFreeBytes()).isGreaterThanOrEqualTo(MIB);
        assertThat(third.tryClaim(id(5000), 64 << 10)).isNull();
        assertThatThrownBy(() -> third.claim(id(5000), 64 << 10))
            .isInstanceOf(BackPressureTimeoutException.class)
            .hasMessageContaining("finish claims, commit or close their epochs")
            .hasMessageContaining("claimedBytesMax=3145728");
        third.put(id(5001), value(1, 64 << 10)); // others still can
        third.put(id(5002), value(2, 3 * MIB));
        second.commit();
        MemorySegment claim = third.claim(id(5000), 64 << 10).fill((byte) 5);
        third.commit();
        assertThat(claim.byteSize()).isEqualTo(64 << 10);
        assertHolds(store, 5000, 5, 64 << 10);
        assertHolds(store, 5001, 1, 64 << 10);
        assertHolds(store, 5002, 2, 3 * MIB);
        if (round != 1) { // else it is given up
          first.commit();
          assertHolds(store, 10, 10, 4096);
        }
      }
    }
  }

  /** G10: epochs that each hold claims and each want more do not wait for one another for ever. */
  @Test
  void shouldEndTheWaitOfEpochsThatHoldWhatEachOtherWants() throws Exception {
    DataFileStore store = open(SMALL.withBackPressureTimeoutMs(200), true);
    CountDownLatch holding = new CountDownLatch(WAITING);
    CountDownLatch refused = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newFixedThreadPool(WAITING)) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < WAITING; t++) {
        int first = t * 1000;
        running.add(threads.submit(() -> claimUntilOneIsRefused(store, first, holding, refused)));
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
  }

  private static @Nullable Void claimUntilOneIsRefused(
      DataFileStore store, int first, CountDownLatch holding, CountDownLatch refused)
      throws InterruptedException {
    try (Epoch epoch = store.beginEpoch()) {
      for (int i = 0; i < 20; i++) {
        epoch.claim(id(first + i), 20_000);
      }
      holding.countDown();
      assertThat(holding.await(120, TimeUnit.SECONDS)).isTrue();
      for (int i = 20; i < 52; i++) { // all together 4 MiB, of the 3 that claims may have
        epoch.claim(id(first + i), 20_000);
      }
      assertThat(refused.await(120, TimeUnit.SECONDS)).as("nobody was refused").isTrue();
    } catch (BackPressureTimeoutException e) {
      refused.countDown();
    } finally {
      holding.countDown();
    }
    return null;
  }
}
