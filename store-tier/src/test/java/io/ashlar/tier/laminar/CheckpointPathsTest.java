package io.ashlar.tier.laminar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.ObjectKeyException;
import org.junit.jupiter.api.Test;

class CheckpointPathsTest {
  private static final CheckpointId ID = CheckpointId.parse("0192f3a1-7c4e-7b6a-9d21-3f5c8e1a4b70");

  @Test
  void shouldLayOutACheckpoint() {
    CheckpointPaths paths = new CheckpointPaths();
    assertThat(paths.latest()).isEqualTo("checkpoints/_latest");
    assertThat(paths.manifest(ID)).isEqualTo("checkpoints/" + ID + "/manifest.json");
    assertThat(paths.snapshot(ID, "window-agg", 3))
        .isEqualTo("checkpoints/" + ID + "/operators/window-agg/partition-3.snap");
    assertThat(paths.delta(ID, "window-agg", 4_294_967_295L))
        .isEqualTo("checkpoints/" + ID + "/operators/window-agg/partition-4294967295.delta");
    assertThat(paths.sourceOffset(ID, "kafka-trades"))
        .isEqualTo("checkpoints/" + ID + "/offsets/kafka-trades.json");
  }

  @Test
  void shouldTakeAPrefixWithAndWithoutASlashForTheSame() {
    assertThat(new CheckpointPaths("a/b/").manifest(ID))
        .isEqualTo(new CheckpointPaths("a/b").manifest(ID));
    assertThat(new CheckpointPaths("/").prefix()).isEqualTo(new CheckpointPaths("").prefix());
    assertThat(new CheckpointPaths("").latest()).isEqualTo("_latest");
  }

  @Test
  void shouldRefuseNamesThatWouldLeaveTheirPlace() {
    CheckpointPaths paths = new CheckpointPaths();
    assertThatThrownBy(() -> paths.snapshot(ID, "..", 0)).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> paths.snapshot(ID, "a/../../b", 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> paths.snapshot(ID, "", 0)).isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> paths.delta(ID, "op", -1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> paths.artifactKeys(ID, "../secret"))
        .isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> paths.artifactKeys(ID, "x/" + ID + "/../../secret"))
        .isInstanceOf(ObjectKeyException.class);
    assertThatThrownBy(() -> new CheckpointPaths("../up")).isInstanceOf(ObjectKeyException.class);
  }

  @Test
  void shouldUnderstandRelativeAndWholePathsAndNeverLeaveThePrefix() {
    CheckpointPaths paths = new CheckpointPaths("mine");
    String slashed = "mine/" + ID + "/operators/o/partition-0.snap";
    String slashless = "mine/" + ID + "operators/o/partition-0.snap";
    for (String path :
        new String[] {
          "operators/o/partition-0.snap",
          slashed,
          slashless,
          "theirs/deep/" + ID + "operators/o/partition-0.snap",
          ID + "/operators/o/partition-0.snap"
        }) {
      assertThat(paths.artifactKeys(ID, path)).as(path).containsExactly(slashed, slashless);
    }
  }
}
