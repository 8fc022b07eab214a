package io.ashlar.tier.laminar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointIdTest {
  @Test
  void shouldSortByTheTimeOfItsMakingAsTextToo() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      texts.add(CheckpointId.newId().toString());
    }
    assertThat(texts).isSorted().doesNotHaveDuplicates();
    assertThat(texts.getFirst().substring(14, 15)).isEqualTo("7");
  }

  @Test
  void shouldCompareAsItsTextDoes() {
    CheckpointId low = new CheckpointId(new UUID(0x0192f3a17c4e7b6aL, 0x8000_0000_0000_0000L));
    CheckpointId high = new CheckpointId(new UUID(0x8192f3a17c4e7b6aL, 0x8000_0000_0000_0000L));
    assertThat(low).isLessThan(high);
    assertThat(low.toString()).isLessThan(high.toString());
    assertThat(low.timestampMs()).isEqualTo(0x0192f3a17c4eL);
  }

  @Test
  void shouldReadItsOwnTextInAnyCase() {
    CheckpointId id = CheckpointId.newId();
    assertThat(CheckpointId.parse(id.toString())).isEqualTo(id);
    assertThat(CheckpointId.parse(id.toString().toUpperCase(java.util.Locale.ROOT))).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0192f3a1-7c4e-4b6a-9d21-3f5c8e1a4b70",
        "0192f3a1-7c4e-7b6a-1d21-3f5c8e1a4b70",
        "0192f3a17c4e7b6a9d213f5c8e1a4b70",
        "192f3a1-07c4e-7b6a-9d21-3f5c8e1a4b70",
        "../../../../../../../../etc/passwd00"
      })
  void shouldRefuseWhatIsNoUuidOfVersion7(String text) {
    assertThatThrownBy(() -> CheckpointId.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
