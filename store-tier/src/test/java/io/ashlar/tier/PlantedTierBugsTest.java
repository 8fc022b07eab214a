package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each of these bugs, planted into the tier, must make the test fail that stands beside it. */
class PlantedTierBugsTest {
  @TempDir Path folder;

  /** So that what fails below fails for its bug, and not for how it is loaded. */
  @Test
  void shouldPassWhereNoBugIsPlanted() throws Exception {
    String same = "throw held.explained(e)";
    String test = "shouldSayWhatIsRetainedWhenADroppedCheckpointIsAskedFor";
    assertThat(planted("restore/Restore.java", same, same, "DroppedCheckpointTest", test)).isNull();
  }

  @ParameterizedTest(name = "{4}: {1} -> {2}")
  @CsvSource(
      delimiterString = " :: ",
      textBlock =
          """
          # What retention dropped is damage.
          gc/HeldCheckpoint.java :: if (isPinned() || :: if (true || \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhileItsBatchesWereRestored
          gc/HeldCheckpoint.java :: if (isPinned() || :: if (true || \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhileItsManifestsWereRead
          gc/HeldCheckpoint.java :: checkpoint <= retained.boundary() :: checkpoint < 0 \
          :: DroppedCheckpointTest :: shouldSayWhatIsRetainedWhenADroppedCheckpointIsAskedFor
          restore/Restore.java :: throw held.explained(e) :: throw e \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhileAStoreWasTurnedIntoIt
          follow/FollowerStore.java :: throw held.checkpoint().explained(e) :: throw e \
          :: DroppedCheckpointTest \
          :: shouldSayToAFollowerThatItsCheckpointWasDroppedAndGoOnAfterARefresh
          follow/FollowedCheckpoint.java :: throw held.explained(e) :: throw e \
          :: DroppedCheckpointTest :: shouldOpenAFollowerAtTheNewestWhenThatIsDroppedUnderIt
          restore/Restore.java :: attempt < ATTEMPTS_MAX && :: attempt < 0 && \
          :: DroppedCheckpointTest :: shouldGoOnWithTheNewestWhenThatIsDroppedUnderARestore
          gc/Checkpoints.java :: manifests.boundary().sequence() < latest :: 0 < latest \
          :: DroppedCheckpointTest :: shouldListWhatIsRetainedWhileCheckpointsAreDropped
          gc/HeldCheckpoint.java :: objects.head(pin.key()) != null :: true \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhosePinSomebodyDeleted
          # Damage is what retention dropped.
          gc/HeldCheckpoint.java :: if (isPinned() || :: if (false && \
          :: DroppedCheckpointTest :: shouldCallABatchThatARetainedCheckpointLacksDamage
          gc/HeldCheckpoint.java :: if (isPinned() || :: if ( \
          :: DroppedCheckpointTest :: shouldCallABatchThatAPinnedCheckpointLacksDamage
          # A follower's pin goes while somebody reads by it.
          follow/FollowedCheckpoint.java :: before.release(); :: before.checkpoint().close(); \
          :: DroppedCheckpointTest :: shouldKeepAFollowersPinUntilItsLastReaderHasMovedOn
          # A seal that nobody looks at, in part or at all.
          checkpoint/SealedJson.java :: digits(crc)) > 0 :: digits(crc)) > 8 \
          :: checkpoint.SealedJsonTest :: shouldFindEveryChangedBitOfAManifest
          checkpoint/TierManifestCodec.java :: version == VERSION && !sealed :: version < 0 \
          :: checkpoint.TierManifestCodecTest :: shouldRefuseVersion3WithoutASeal
          checkpoint/TierManifestCodec.java :: version == HINT_VERSION && !sealed :: version < 0 \
          :: checkpoint.TierManifestCodecTest :: shouldRefuseAHintOfVersion2WithoutASeal
          checkpoint/SealedJson.java :: if (wrong > 1) :: if (wrong > 0) \
          :: checkpoint.SealedJsonTest :: shouldFindEveryChangedBitOfTheHintAndTheBoundary
          checkpoint/SealedJson.java :: int crc = crc32c(json, bodyBytes) \
          :: int crc = crc32c(json, bodyBytes - 1) \
          :: checkpoint.SealedJsonTest :: shouldFindEveryChangedBitOfAManifest
          checkpoint/ManifestStore.java :: e.expected(), e.actual() :: 0, 0 \
          :: checkpoint.SealedJsonTest :: shouldNameTheObjectThatIsDamagedWithBothChecksums
          gc/Scrub.java :: check(TierKeys.LATEST, manifests::checkedHint); :: // \
          :: gc.ScrubTest :: shouldFindAChangedBitInEveryObjectThatIsNoBatch
          gc/Scrub.java :: () -> Pins.check(objects, pin.key()) :: () -> {} \
          :: gc.ScrubTest :: shouldFindAChangedBitInEveryObjectThatIsNoBatch
          """)
  void shouldBeFound(String file, String right, String wrong, String test, String method)
      throws Exception {
    Throwable found = planted(file, right, wrong, test, method);
    assertThat(found).as("what %s threw", method).isNotNull();
  }

  private @Nullable Throwable planted(
      String file, String right, String wrong, String test, String method) throws Exception {
    String name = PlantedTierBugsTest.class.getPackageName() + "." + test;
    return new PlantedBug(file, right, wrong, name, method)
        .tryTest(Files.createTempDirectory(folder, "bug"));
  }
}
