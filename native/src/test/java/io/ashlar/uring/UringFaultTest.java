package io.ashlar.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ring against a kernel that fails in the ways that the real one rarely shows. */
class UringFaultTest {
  private static final long SECOND_NS = 1_000_000_000;

  private final FakeKernel kernel = new FakeKernel();
  private final Uring ring = new Uring(kernel, kernel.memory());
  private final List<Long> tokens = new ArrayList<>();

  @AfterEach
  void close() {
    kernel.answers.clear();
    kernel.completes = true;
    ring.close(SECOND_NS);
    kernel.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.EBUSY})
  void shouldRetryEnterAfterAPassingError(int errno) {
    kernel.answers.addAll(List.of(-errno, -errno));
    prepareNops(3);
    assertThat(ring.submitAndWait(3, SECOND_NS)).isEqualTo(3);
    assertThat(reap()).containsExactly(0L, 1L, 2L);
    assertInFlight(0);
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.EBUSY})
  void shouldNotLoseCountWhenEntriesWereTakenDespiteTheError(int errno) {
    kernel.takesDespiteError = true;
    kernel.answers.add(-errno);
    prepareNops(3);
    assertThat(ring.submitAndWait(3, SECOND_NS)).isEqualTo(3);
    prepareNops(1);
    assertThat(ring.submitAndWait(4, SECOND_NS)).isEqualTo(4);
    assertThat(reap()).containsExactly(0L, 1L, 2L, 0L);
  }

  @Test
  void shouldSubmitTheRestAfterAPartialSubmit() {
    kernel.takeMax = 1;
    prepareNops(4);
    assertThat(submit()).isEqualTo(4);
    assertThat(kernel.enters).isEqualTo(4);
    assertThat(reap()).hasSize(4);
  }

  @Test
  void shouldTakeWaitingCompletionsWhenTheKernelIsBusyAndDeliverThemLater() {
    prepareNops(4);
    assertThat(submit()).isEqualTo(4);
    prepareNops(2);
    kernel.answers.add(-Errno.EBUSY);
    assertThat(submit()).isEqualTo(2);
    assertThat(ring.submitAndWait(6, SECOND_NS)).isEqualTo(6);
    assertThat(reap()).containsExactly(0L, 1L, 2L, 3L, 0L, 1L);
    assertInFlight(0);
  }

  @Test
  void shouldNotWaitForAnArmedPollWhenTheKernelIsBusy() {
    kernel.completes = false;
    assertThat(ring.preparePollMultishot(1, 42)).isTrue();
    assertThat(submit()).isOne();
    prepareNops(1);
    kernel.answers.add(-Errno.EAGAIN);
    int before = kernel.enters;
    assertThat(submit()).isOne();
    assertThat(kernel.enters - before).as("refused, then taken").isEqualTo(2);
  }

  @Test
  @Tag("campaign")
  void shouldPassOnEagainThatDoesNotPassAndStayUsable() {
    for (int i = 0; i < 2 * Backoff.ATTEMPTS_MAX; i++) {
      kernel.answers.add(-Errno.EAGAIN);
    }
    prepareNops(1);
    assertThatExceptionOfType(NativeException.class)
        .isThrownBy(this::submit)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN));
    kernel.answers.clear();
    assertThat(submit()).isOne();
    assertThat(reap()).containsExactly(0L);
  }

  @Test
  void shouldEndTheWaitAtTheTimeout() {
    kernel.completes = false;
    prepareNops(1);
    assertThat(ring.submitAndWait(1, 1_000_000)).isZero();
    assertInFlight(1);
  }

  @Test
  void shouldBePoisonedByACompletionOfNothing() {
    prepareNops(1);
    assertThat(submit()).isOne();
    kernel.post(0x7_0000_0005L, 4096, 0);
    assertPoisonedByReap();
  }

  @Test
  void shouldBePoisonedByACompletionThatComesTwice() {
    kernel.completes = false;
    prepareNops(1);
    assertThat(submit()).isOne();
    long userData = kernel.taken.getFirst();
    kernel.post(userData, 0, 0);
    kernel.post(userData, 0, 0);
    assertPoisonedByReap();
  }

  @Test
  void shouldBePoisonedByALateDoubleOfASlotThatIsUsedAgain() {
    kernel.completes = false;
    prepareNops(1);
    assertThat(submit()).isOne();
    long first = kernel.taken.getFirst();
    kernel.post(first, 0, 0);
    assertThat(reap()).hasSize(1);
    prepareNops(1);
    assertThat(submit()).isOne();
    assertThat((int) first).isEqualTo(kernel.taken.getLast().intValue());
    kernel.post(first, 0, 0);
    assertPoisonedByReap();
  }

  @Test
  void shouldBePoisonedByASingleOperationThatSaysMoreWillCome() {
    kernel.completes = false;
    prepareNops(1);
    assertThat(submit()).isOne();
    kernel.post(kernel.taken.getFirst(), 0, Uring.COMPLETION_MORE);
    assertPoisonedByReap();
  }

  @Test
  void shouldBePoisonedByAnErrorOfEnterThatCannotPass() {
    kernel.answers.add(-Errno.EBADFD);
    prepareNops(1);
    assertThatExceptionOfType(NativeException.class)
        .isThrownBy(this::submit)
        .withMessageContaining("io_uring_enter failed: EBADFD");
    assertPoisoned();
  }

  @Test
  void shouldNotSubmitWhatIsPreparedWhenAPoisonedRingIsClosed() {
    kernel.post(99, 0, 0);
    prepareNops(2);
    assertPoisonedByReap();
    ring.close(SECOND_NS);
    assertThat(kernel.taken).isEmpty();
    assertThat(kernel.opcodes).isEmpty();
    assertThat(kernel.exited).isTrue();
  }

  @Test
  void shouldRefuseToPrepareWhenFull() {
    kernel.completes = false;
    prepareNops(FakeKernel.SUBMISSION_ENTRIES);
    assertThat(ring.prepareNop(9)).as("submission ring").isFalse();
    assertThat(submit()).isEqualTo(FakeKernel.SUBMISSION_ENTRIES);
    prepareNops(FakeKernel.COMPLETION_ENTRIES - FakeKernel.SUBMISSION_ENTRIES);
    assertThat(submit()).isEqualTo(FakeKernel.COMPLETION_ENTRIES - FakeKernel.SUBMISSION_ENTRIES);
    assertThat(kernel.taken).hasSize(FakeKernel.COMPLETION_ENTRIES);
    assertThat(ring.prepareNop(9)).as("completion ring").isFalse();
  }

  @Test
  void shouldKeepAPollThatSaysMoreAndForgetItAtTheLastCompletion() {
    kernel.completes = false;
    assertThat(ring.preparePollMultishot(1, 42)).isTrue();
    assertThat(submit()).isOne();
    long userData = kernel.taken.getFirst();
    kernel.post(userData, 1, Uring.COMPLETION_MORE);
    kernel.post(userData, 1, Uring.COMPLETION_MORE);
    assertThat(reap()).containsExactly(42L, 42L);
    kernel.post(userData, -Errno.ECANCELED, 0);
    assertThat(reap()).hasSize(3);
    assertInFlight(0);
  }

  @Test
  void shouldCancelPollsAndWaitForTheRestBeforeClosing() {
    kernel.completes = false;
    assertThat(ring.preparePollMultishot(1, 42)).isTrue();
    prepareNops(1);
    kernel.completes = true;
    ring.close(SECOND_NS);
    assertThat(kernel.opcodes)
        .containsExactly(
            SubmissionEntry.OP_POLL_ADD, SubmissionEntry.OP_NOP, SubmissionEntry.OP_ASYNC_CANCEL);
    assertThat(kernel.taken).isEmpty();
    assertThat(kernel.exited).isTrue();
  }

  @Test
  void shouldSayWhenOperationsAreLeftInFlightAtClose() {
    kernel.completes = false;
    prepareNops(1);
    assertInFlight(1);
    assertThat(kernel.exited).isTrue();
  }

  @Test
  void shouldRefuseEveryCallAfterClose() {
    ring.close();
    ring.close();
    assertThatIllegalStateException().isThrownBy(() -> ring.prepareNop(1));
    assertThatIllegalStateException().isThrownBy(this::submit);
  }

  private void assertPoisonedByReap() {
    assertThatIllegalStateException()
        .isThrownBy(this::reap)
        .withMessageContaining("completion of no operation in flight");
    assertPoisoned();
  }

  private void assertPoisoned() {
    assertThatIllegalStateException()
        .isThrownBy(() -> ring.prepareNop(1))
        .withMessageContaining("the ring is poisoned: ");
    assertThatIllegalStateException().isThrownBy(this::submit);
    assertThatIllegalStateException().isThrownBy(this::reap);
  }

  /** Closes the ring over a kernel that completes nothing more: the close reports what is left. */
  private void assertInFlight(int count) {
    kernel.completes = false;
    if (count == 0) {
      ring.close(1_000_000);
      return;
    }
    assertThatIllegalStateException()
        .isThrownBy(() -> ring.close(1_000_000))
        .withMessageContaining("in flight: count=" + count);
  }

  /** Submits without waiting; returns the entries that the kernel took. */
  private int submit() {
    int before = kernel.opcodes.size();
    ring.submitAndWait(0, 0);
    return kernel.opcodes.size() - before;
  }

  private void prepareNops(int count) {
    for (int i = 0; i < count; i++) {
      assertThat(ring.prepareNop(i)).isTrue();
    }
  }

  private List<Long> reap() {
    ring.reap((token, result, flags) -> tokens.add(token), Integer.MAX_VALUE);
    return tokens;
  }
}
