package io.ashlar.store.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.local.RegisterHistory.Operation;
import org.junit.jupiter.api.Test;

/** The judge of histories is itself judged. */
class RegisterHistoryTest {

  private static RegisterHistory history(Operation... operations) {
    RegisterHistory history = new RegisterHistory();
    for (Operation operation : operations) {
      history.add(operation);
    }
    return history;
  }

  private static Operation write(long called, long returned, long epoch, long tag) {
    return new Operation(called, returned, epoch, tag);
  }

  private static Operation read(long called, long returned, long tag) {
    return new Operation(called, returned, 0, tag);
  }

  @Test
  void shouldTakeEitherValueWhileAWriteIsUnderWay() {
    assertThat(
            history(
                    write(0, 10, 1, 7),
                    write(20, 40, 2, 8),
                    read(21, 22, 7),
                    read(23, 24, 8),
                    read(25, 41, 8))
                .violation())
        .isNull();
  }

  @Test
  void shouldFindAReadOfWhatWasReplacedBefore() {
    assertThat(history(write(0, 10, 1, 7), write(20, 40, 2, 8), read(41, 42, 7)).violation())
        .isNotNull();
  }

  @Test
  void shouldFindAReadThatGoesBackBehindAnother() {
    assertThat(
            history(write(0, 10, 1, 7), write(20, 40, 2, 8), read(21, 22, 8), read(23, 24, 7))
                .violation())
        .isNotNull();
  }

  @Test
  void shouldFindAValueThatNobodyHasWrittenYet() {
    assertThat(history(read(0, 5, 7), write(10, 20, 1, 7)).violation()).isNotNull();
    assertThat(history(read(0, 5, 9), write(10, 20, 1, 7)).violation()).isNotNull();
  }

  @Test
  void shouldFindABlobThatIsMissingThoughItWasAcknowledged() {
    assertThat(history(write(0, 10, 1, 7), read(11, 12, RegisterHistory.ABSENT)).violation())
        .isNotNull();
    assertThat(
            history(
                    write(0, 10, 1, 7),
                    write(20, 30, 2, RegisterHistory.ABSENT),
                    read(25, 26, RegisterHistory.ABSENT),
                    read(27, 28, RegisterHistory.ABSENT))
                .violation())
        .isNull();
  }

  @Test
  void shouldFindEpochsOutOfTheirOrder() {
    assertThat(history(write(0, 10, 2, 7), write(20, 30, 1, 8)).violation()).isNotNull();
    assertThat(history(write(0, 25, 2, 7), write(20, 30, 1, 8)).violation()).isNull();
  }

  @Test
  void shouldGoOnFromWhatIsThere() {
    RegisterHistory history = history(write(0, 10, 1, 7));
    history.restart();
    history.add(read(20, 21, 7));
    assertThat(history.violation()).isNull();
    history.add(read(30, 31, RegisterHistory.ABSENT));
    assertThat(history.violation()).isNotNull();
    assertThat(history.tagAfter(5)).isEqualTo(7);
  }
}
