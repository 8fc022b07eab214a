package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each of these bugs, planted into the tier, must make the test fail that stands beside it. */
@Tag("campaign")
class PlantedTierBugsTest {
  @TempDir Path folder;

  /** The tests that passed where no bug is planted, so that what fails fails for its bug. */
  private static final Set<String> PASSED = new HashSet<>();

  @ParameterizedTest(name = "{4}: {1} -> {2}")
  @CsvSource(
      delimiterString = " :: ",
      textBlock =
          """
          # What retention dropped is damage.
          collect/HeldCheckpoint.java :: if (isPinned() || :: if (true || \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhileItsBatchesWereRestored
          collect/HeldCheckpoint.java :: if (isPinned() || :: if (true || \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhileItsManifestsWereRead
          collect/HeldCheckpoint.java :: checkpoint <= retained.boundary() :: checkpoint < 0 \
          :: DroppedCheckpointTest :: shouldSayWhatIsRetainedWhenADroppedCheckpointIsAskedFor
          restore/Restore.java :: throw held.explained(e) :: throw e \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhileAStoreWasTurnedIntoIt
          follow/VerifiedReads.java :: throw held.checkpoint().explained(e) :: throw e \
          :: DroppedCheckpointTest \
          :: shouldSayToAFollowerThatItsCheckpointWasDroppedAndGoOnAfterARefresh
          restore/Restore.java :: attempt < ATTEMPTS_MAX && :: attempt < 0 && \
          :: DroppedCheckpointTest :: shouldGoOnWithTheNewestWhenThatIsDroppedUnderARestore
          collect/Checkpoints.java :: manifests.boundary().sequence() < latest :: 0 < latest \
          :: DroppedCheckpointTest :: shouldListWhatIsRetainedWhileCheckpointsAreDropped
          collect/HeldCheckpoint.java :: SecondLook.head(objects, pin.key()) != null :: true \
          :: DroppedCheckpointTest :: shouldSayThatACheckpointWasDroppedWhosePinSomebodyDeleted
          # Damage is what retention dropped.
          collect/HeldCheckpoint.java :: if (isPinned() || :: if ( \
          :: DroppedCheckpointTest :: shouldCallABatchThatAPinnedCheckpointLacksDamage
          # A follower's pin goes while somebody reads by it.
          follow/FollowedCheckpoint.java :: before.release(); :: before.checkpoint().close(); \
          :: DroppedCheckpointTest :: shouldKeepAFollowersPinUntilItsLastReaderHasMovedOn
          # A copy of a store is taken for the store, or the store for a copy.
          prefix/PrefixOpening.java :: lineage.check(latest, store.stats().evictedBlobs(), objects); \
          :: // \
          :: LineageTest :: shouldRefuseACopyThatOvertookItsTier
          prefix/PrefixOpening.java :: lineage.sending(latest, claim); :: // \
          :: ManifestNotesOfTierTest :: shouldAcceptAFileAndATierOfAnEarlierReleaseOnce
          prefix/TierWriter.java :: lineage.sending(last, manifest); :: // \
          :: ManifestNotesOfTierTest :: shouldNoteEachManifestBeforeItIsSentAndSettleItAfterwards
          prefix/TierWriter.java :: lineage.settled(manifest); :: // \
          :: ManifestNotesOfTierTest :: shouldRefuseATierThatWasPutBackByOneManifestThatWasReliedOn
          prefix/Lineage.java :: noted == null && !notes.complete() :: !notes.complete() \
          :: ManifestNotesOfTierTest :: shouldAcceptAFileAndATierOfAnEarlierReleaseOnce
          prefix/Lineage.java :: return notes.holds( :: return true || notes.holds( \
          :: LineageTest :: shouldRefuseEveryCopyThatTheOriginalWentPastHoweverManyCommitsItHas
          upload/ForeignCollection.java :: latest.lineage() :: null \
          :: ManifestNotesOfTierTest :: shouldGoOnWithWhatACollectionWithoutTheStoreLeft
          upload/TieringAgent.java :: confirm(own, startNs); :: // \
          :: TakenOverTest :: shouldLearnItBeforeItSaysThatAnEpochIsTiered
          upload/Uploader.java :: own.checkNotFenced(); // before anything is uploaded :: // \
          :: TakenOverTest :: shouldLearnItBeforeItUploads
          upload/Collector.java :: current.checkNotFenced(); :: // \
          :: TakenOverTest :: shouldLearnItBeforeItCollects
          # A read that is sent twice.
          readback/HedgedReads.java :: running.decrementAndGet() == 0 \
          :: running.decrementAndGet() >= 0 \
          :: readback.HedgedReadsTest :: shouldWaitForTheOtherWhenOneFails
          readback/HedgedReads.java :: closeLost(result); :: // \
          :: readback.HedgedReadsTest :: shouldFreeWhatLost
          # A recovery that leaves what failed.
          laminar/CheckpointRecovery.java :: if (!restored) { :: if (false) { \
          :: laminar.CheckpointRecoveryTest :: shouldLeaveNothingOfAnAttemptThatFailedHalfway
          # A local copy is dropped for what is not there.
          upload/Evictor.java :: evidence.requireSeen(batches, writer); :: // \
          :: EvidenceTest :: shouldNotEvictToABatchThatWasOnlySaidToBeStored
          upload/Evictor.java :: evidence.checkPresence(writer, locations); :: // \
          :: EvictAfterLossTest \
          :: shouldNoticeALostManifestBeforeMoreIsEvictedAndGoOnAfterARepair
          upload/Evidence.java :: boolean due = !checked || \
          :: boolean due = !checked || intervalNs < 0 && \
          :: EvidenceTest :: shouldCheckPresenceAgainAfterTheInterval
          upload/Evidence.java :: object.length() != reference.bytes() :: object.length() < 0 \
          :: EvidenceTest :: shouldNotEvictToABatchOfAnotherLength
          collect/Presence.java :: bytes >= bytesMin && bytes <= bytesMax :: bytes >= 0 \
          :: EvidenceTest :: shouldCheckPresenceAgainAfterTheInterval
          upload/Evidence.java :: Integer.toUnsignedLong(told) == reference.crc32c() :: true \
          :: EvidenceTest :: shouldNotEvictToABatchOfAnotherChecksum
          upload/Evidence.java :: || readsRight(reference) :: || true \
          :: EvidenceTest :: shouldReadABatchWhoseEtagIsAnotherThanThatOfItsPut
          upload/Evidence.java :: batches.size() > HEADS_MAX :: batches.size() > HEADS_MAX && false \
          :: EvidenceTest :: shouldListWhereManyBatchesWereNotSeen
          upload/Evidence.java :: checkManifests(writer, added); :: // \
          :: EvidenceTest :: shouldMissAManifestThatWasCommittedSinceTheCheck
          upload/Evidence.java :: end + FramedBatchFormat.FOOTER_BYTES :: 1 \
          :: EvidenceTest :: shouldMissFramesThatWereEvictedToByAnEarlierOpen
          upload/LocalReferences.java \
          :: prefix.evidence().requireSeen(targets, prefix.writer()); :: // \
          :: EvidenceTest :: shouldNotReadFromABatchOfCompactionThatIsNotThere
          upload/RepairPass.java :: evidence.require( :: List.of( \
          :: EvidenceTest :: shouldNotReadFromABatchOfARepairThatIsNotThere
          # A seal that nobody looks at, in part or at all.
          json/SealedJson.java :: digits(crc)) > 0 :: digits(crc)) > 8 \
          :: checkpoint.SealedJsonTest :: shouldFindEveryChangedBitOfAManifest
          checkpoint/TierManifestCodec.java :: version == VERSION && !sealed :: version < 0 \
          :: checkpoint.TierManifestCodecTest :: shouldRefuseVersion3WithoutASeal
          checkpoint/TierManifestCodec.java :: version == HINT_VERSION && !sealed :: version < 0 \
          :: checkpoint.TierManifestCodecTest :: shouldRefuseAHintOfVersion2WithoutASeal
          json/SealedJson.java :: if (wrong > 1) :: if (wrong > 0) \
          :: checkpoint.SealedJsonTest :: shouldFindEveryChangedBitOfTheHintAndTheBoundary
          json/SealedJson.java :: int crc = crc32c(json, bodyBytes) \
          :: int crc = crc32c(json, bodyBytes - 1) \
          :: checkpoint.SealedJsonTest :: shouldFindEveryChangedBitOfAManifest
          checkpoint/ManifestStore.java :: e.expected(), e.actual() :: 0, 0 \
          :: checkpoint.SealedJsonTest :: shouldNameTheObjectThatIsDamagedWithBothChecksums
          collect/Scrub.java :: check(TierKeys.LATEST, manifests::checkedHint); :: // \
          :: collect.ScrubTest :: shouldFindAChangedBitInEveryObjectThatIsNoBatch
          collect/Scrub.java :: () -> Pins.check(objects, pin.key()) :: () -> {} \
          :: collect.ScrubTest :: shouldFindAChangedBitInEveryObjectThatIsNoBatch
          # Damage is what retention dropped, or the other way round, where one guard alone tells.
          collect/HeldCheckpoint.java :: if (isPinned() || :: if (false && \
          :: DroppedCheckpointTest :: shouldCallABatchThatAnOlderRetainedCheckpointLacksDamage
          collect/HeldCheckpoint.java :: retained.through() == manifest.sequence() :: false \
          :: DroppedCheckpointTest \
          :: shouldCallABatchThatTheNewestCheckpointLacksDamageWhereverTheBoundaryIs
          follow/FollowedCheckpoint.java :: throw held.explained(e); :: throw e; \
          :: DroppedCheckpointTest :: shouldRefreshAFollowerToTheNewestWhenThatIsDroppedUnderIt
          # A follower goes on with a prefix that is not the one it followed.
          follow/CheckpointIndex.java :: !sources.get(i).batch().equals(batches.get(i)) :: false \
          :: follow.ChangedPrefixTest :: shouldReadABaseAnewWhoseBatchesAreOthers
          follow/FollowedCheckpoint.java :: checkGoesOn(before.manifest(), chain); :: // \
          :: follow.ChangedPrefixTest :: shouldNotGoBackWhereTheNewestManifestIsLost
          follow/FollowedCheckpoint.java :: latest.putId().equals(before.manifest().putId()) \
          :: latest.sequence() == before.sequence() \
          :: follow.ChangedPrefixTest :: shouldSayThatThePrefixHoldsAnotherStores
          follow/FollowedCheckpoint.java :: && isOfSameLine(followed, newest) :: && true \
          :: follow.ChangedPrefixTest :: shouldSayThatThePrefixHoldsAnotherStores
          follow/FollowedCheckpoint.java :: !there.putId().equals(followed.putId()) :: false \
          :: follow.ChangedPrefixTest :: shouldSayThatThePrefixHoldsAnotherStoresOfALaterGeneration
          # A delete that failed counts as done.
          collect/Deletions.java :: left.addAll(objects.deleteAll(some).failed().keySet()) \
          :: objects.deleteAll(some) \
          :: CollectionFaultTest :: shouldCountOnlyWhatIsGoneAndNameWhatADeleteCouldNotDelete
          upload/CollectionPass.java :: batches.removeIf(batch -> left.contains(batch.key())); :: // \
          :: CollectionFaultTest :: shouldCountOnlyWhatIsGoneAndNameWhatADeleteCouldNotDelete
          upload/CollectionPass.java :: left.stream().sorted().toList() :: List.of() \
          :: CollectionFaultTest :: shouldCountOnlyWhatIsGoneAndNameWhatADeleteCouldNotDelete
          upload/CollectionPass.java :: drops.size() - dropsLeft.size() :: drops.size() \
          :: CollectionFaultTest :: shouldTryAgainWhereOnlyManifestsCouldNotBeDeleted
          upload/CollectionPass.java :: && dropsLeft.isEmpty() :: // \
          :: CollectionFaultTest :: shouldTryAgainWhereOnlyManifestsCouldNotBeDeleted
          object/retry/RetryingObjectStore.java :: failed.put(entry.getKey(), entry.getValue()); \
          :: deleted.add(entry.getKey()); \
          :: object.retry.RetryingObjectStoreTest \
          :: shouldAskAgainForKeysThatADeleteNamesAndSayWhichAreLeft
          collect/Pins.java :: return objects.deleteAll(List.of(key)).failed().isEmpty() \
          :: return objects.deleteAll(List.of(key)) != null \
          :: collect.PinsTest :: shouldLeaveNoPinBehindWhenTakingOneFails
          laminar/CheckpointListing.java :: failed.putAll(result.failed()); :: // \
          :: laminar.LaminarDefectsInMemoryTest \
          :: defect11ShouldNameEachObjectThatCouldNotBeDeleted
          laminar/CheckpointListing.java :: if (failed.isEmpty()) { :: if (true) { \
          :: laminar.LaminarDefectsInMemoryTest \
          :: defect11ShouldNameEachObjectThatCouldNotBeDeleted
          laminar/PartitionUploads.java :: left.addAll(objects.deleteAll(page).failed().keySet()) \
          :: objects.deleteAll(page) \
          :: laminar.LaminarDefectsInMemoryTest :: defect8ShouldSayOfWhichKeyADeleteFailed
          # Bytes that are not those of the index.
          follow/VerifiedReads.java :: blobs.readBackAgain(id, held.reference(id), target); :: // \
          :: readback.OtherBytesTest :: shouldBeAskedForOnceMore
          follow/VerifiedReads.java :: crc != held.crc32c(id)) {\\n        throw :: false) {\\n        throw \
          :: readback.OtherBytesTest :: shouldBeFoundByAFollower
          restore/RestoreRun.java :: crc != null && BatchCodec.crc32c(data) != crc :: false \
          :: readback.OtherBytesTest :: shouldBeFoundByARestoreOntoAStore
          readback/SurvivingBatch.java :: && BatchCodec.crc32c(data) == entry.crc32c() :: && true \
          :: readback.OtherBytesTest :: shouldBeLostToARepair
          readback/BatchReader.java :: check(expected.crc32c(), crc, "batch checksum mismatch", key, id); \
          :: // :: readback.OtherBytesTest :: shouldBeFoundByWhoReadsTheWholeBatch
          prefix/BlobLocations.java :: (int) table.second(position) == change.crc32c() :: true \
          :: TierClaimTest :: shouldNotAdoptAPrefixThatHoldsSomethingElse
          # What no mark covers is tiered, and what no manifest covers is given up.
          upload/Uploader.java :: Math.min(snapshot.sequence(), source.markedSequence()) \
          :: snapshot.sequence() \
          :: upload.ClaimedRangeTest :: shouldNotClaimTheRecordOfAMark
          upload/Uploader.java :: Math.min(snapshot.epoch(), source.markedEpoch()) \
          :: snapshot.epoch() \
          :: upload.ClaimedRangeTest :: shouldLeaveWhatNoMarkCoversToTheNextPass
          upload/TieringPass.java :: change.sequence() <= through && :: true && \
          :: upload.ClaimedRangeTest :: shouldLeaveWhatNoMarkCoversToTheNextPass
          upload/RepairPass.java :: Math.min(snapshot.sequence(), source.markedSequence()) \
          :: snapshot.sequence() \
          :: upload.ClaimedRangeTest :: shouldNotClaimTheRecordOfAMark
          upload/RepairPass.java :: source.markedEpoch() < snapshot.epoch() :: false \
          :: upload.ClaimedRangeTest :: shouldNotRepairWithWhatNoMarkCovers
          upload/Uploader.java :: own.checkNotFenced(); // before anything is uploaded \
          :: source.dropTombstones(through); \
          :: upload.ClaimedRangeTest :: shouldKeepADeleteUntilItsManifestIsCommitted
          prefix/PrefixOpening.java :: marked < latest.lastRecordSequence() || :: false || \
          :: ManifestNotesOfTierTest :: shouldRefuseAFileOfAnEarlierReleaseThatIsOlderThanItsTier
          prefix/PrefixOpening.java :: latest.lastRecordSequence() || laterOpen \
          :: latest.lastRecordSequence() \
          :: ManifestNotesOfTierTest :: shouldRefuseAFileOfAnEarlierReleaseThatIsOlderThanItsTier
          prefix/RepairOpening.java :: || !isMarked(newest.lastRecordSequence()) :: || false \
          :: ManifestNotesOfTierTest :: shouldRefuseAFileOfAnEarlierReleaseThatIsOlderThanItsTier
          # What only this guard keeps a collection from.
          collect/Deletions.java :: name.number() < minInflight :: name.number() <= minInflight \
          :: CollectionRaceTest :: shouldDeleteOnlyBatchesThatNobodyCanCommitAnyMore
          collect/Deletions.java :: if (sequence > 0 && sequence <= boundary) \
          :: if (sequence > 0 && sequence < boundary) \
          :: CollectionFaultTest :: shouldTryAgainWhereOnlyManifestsCouldNotBeDeleted
          upload/CollectionPass.java :: pinned.mayNeed(batch.key()) || isLeased(batch.key()) \
          :: isLeased(batch.key()) \
          :: CollectionRaceTest :: shouldKeepWhatIsPinnedBetweenItsPlanAndTheBoundary
          upload/CollectionPass.java :: writer.checkNotFenced(); :: // \
          :: CollectionRaceTest :: shouldDeleteNothingOnceAnotherWriterTookOver
          # One answer is believed, or a dropped manifest made again.
          collect/Deletions.java :: again = shown.size() < live.size() && :: again = false && \
          :: CollectionFaultTest :: shouldListAgainWhatAListingLeavesOut
          collect/Deletions.java :: look < LOOKS && !whole[0] :: look < 1 && !whole[0] \
          :: CollectionFaultTest :: shouldListAgainWhatAListingLeavesOut
          object/request/SecondLook.java \
          :: at(key, () -> Optional.ofNullable(objects.head(key)), bad -> false).orElse(null) \
          :: objects.head(key) \
          :: checkpoint.ManifestStoreTest :: shouldNotBelieveOneAnswerThatNothingFollows
          checkpoint/ManifestStore.java :: manifest.sequence() <= dropped \
          :: manifest.sequence() < dropped \
          :: checkpoint.ManifestStoreTest :: shouldFenceAWriterWhoRecreatesADroppedManifest
          checkpoint/ManifestStore.java :: checkAboveBoundary(last); :: // \
          :: checkpoint.ManifestStoreTest :: shouldFenceAWriterWhoRecreatesADroppedManifest
          # What is not proved is taken for proved.
          prefix/TierWriter.java :: withMinInflight(nextBatch) :: withMinInflight(nextBatch + 1) \
          :: LostGapTest \
          :: shouldDoubtOnlyTheIdsOfTheBatchesThatALostManifestMayHaveListed
          restore/PartialRun.java :: opaque |= !gap.bounded(); :: // \
          :: LostGapTest :: shouldDoubtAllThatCameBeforeALostManifestWhoseBatchIsGone
          collect/LostGaps.java :: number < end; :: number < end - 1; \
          :: LostGapTest :: shouldDoubtAllThatCameBeforeTheNewestManifestIfItsBatchIsGone
          follow/CheckpointIndex.java :: lost != null || sources.size() > batches.size() \
          :: sources.size() > batches.size() \
          :: follow.ChangedPrefixTest :: shouldReadAnewWhatWasLostWhenItIsBack
          upload/SurvivingBatches.java :: batch.isWhole() && useful[0] > 0 :: useful[0] > 0 \
          :: readback.OtherBytesTest :: shouldBeLostToARepair
          # A delete is forgotten, a mark falls, a pin or memory stays.
          prefix/PrefixOpening.java :: source.markTiered();\\n    long epoch :: long epoch \
          :: upload.ClaimedRangeTest :: shouldUploadADeleteThatWasMadeWhileAPrefixWasAdopted
          upload/TieredMark.java :: newEpoch > epoch :: newEpoch != epoch \
          :: upload.ClaimedRangeTest :: shouldNeverLetTheMarkOfWhatIsTieredFall
          follow/FollowedCheckpoint.java :: last.checkpoint().close(); :: // \
          :: DroppedCheckpointTest \
          :: shouldReleaseAFollowersPinWhenItIsClosedThoughSomebodyReads
          readback/OrderedReads.java :: if (unused != null) { :: if (false) { \
          :: readback.OrderedReadsTest :: shouldFreeWhatWasReadAheadAndNotTaken
          # The cache of frames miscounts, frees too early or never, or leaves somebody waiting.
          readback/SlotTable.java :: bytes -= slot.bytes; :: // \
          :: readback.BatchCacheTest :: shouldCountTheBytesOfWhatItKeepsAndFreeTheEldest
          readback/SlotTable.java :: bytes += slot.bytes; :: // \
          :: readback.BatchCacheTest :: shouldCountTheBytesOfWhatItKeepsAndFreeTheEldest
          readback/SlotTable.java :: bytes > config.cacheBytes() || slots.size() :: slots.size() \
          :: readback.BatchCacheTest :: shouldCountTheBytesOfWhatItKeepsAndFreeTheEldest
          readback/SlotTable.java :: unused.forEach(s -> s.fetched.join().close()); :: // \
          :: readback.BatchCacheTest :: shouldCountTheBytesOfWhatItKeepsAndFreeTheEldest
          readback/SlotTable.java :: free = slot.dropped && slot.users == 0; :: free = false; \
          :: readback.BatchCacheTest :: shouldFreeWhatIsForgottenOnceItsLastUserHasLeft
          readback/SlotTable.java :: free = slot.dropped && slot.users == 0; :: free = slot.dropped; \
          :: readback.BatchCacheTest :: shouldFreeWhatIsForgottenOnceItsLastUserHasLeft
          readback/SlotTable.java :: if (slot.users == 0 && slot.fetched.isDone()) { \
          :: if (slot.fetched.isDone()) { \
          :: readback.BatchCacheTest :: shouldFreeEverythingWhenItIsClosed
          readback/SlotTable.java :: if (slot.users == 0 && slot.fetched.isDone()) { :: if (false) { \
          :: readback.BatchCacheTest :: shouldFreeEverythingWhenItIsClosed
          readback/SlotTable.java :: if (slot.bytes > config.cacheBytes()) { :: if (false) { \
          :: readback.BatchCacheTest :: shouldPushNothingOutForWhatIsLargerThanItself
          readback/FrameFetches.java :: table.failUndone(ahead, e); :: // \
          :: readback.BatchCacheTest :: shouldTellWhoWaitsWhateverBreaksOffTheDecoding
          readback/SlotTable.java :: if (!fetching.get(i).fetched.isDone()) { :: if (true) { \
          :: readback.BatchCacheTest :: shouldTellWhoWaitsWhateverBreaksOffTheDecoding
          readback/FrameFetches.java \
          :: decodeFromDisk(asked, disk, frames);\\n      } catch (Throwable e) { \
          :: decodeFromDisk(asked, disk, frames);\\n      } catch (RuntimeException e) { \
          :: readback.BatchCacheTest :: shouldTellWhoWaitsWhateverBreaksOffTheDecodingOfWhatIsOnDisk
          readback/SlotTable.java :: if (!begun) { :: if (false) { \
          :: readback.BatchCacheTest :: shouldLeaveNoSlotWhereNoThreadCanBeHad
          # The local file of frames gives what lies there no more, or loses what does.
          readback/FrameDisk.java :: makeRoom(end); :: // \
          :: readback.FrameDiskTest :: shouldOverwriteTheOldestAndKeepTheOthers
          readback/FrameDisk.java :: place.offset() + place.length() > next; \
          :: place.offset() + place.length() >= next; \
          :: readback.FrameDiskTest :: shouldOverwriteTheOldestAndKeepTheOthers
          readback/FrameDisk.java :: place == null || place.offset() != entry.getKey() \
          :: place == null \
          :: readback.FrameDiskTest :: shouldFindWhatWasPutOrNothing
          readback/FrameDisk.java :: next + length > bytesMax :: next + length >= bytesMax \
          :: readback.FrameDiskTest :: shouldOverwriteTheOldestAndKeepTheOthers
          readback/FrameDisk.java :: || places.containsKey(reference) :: || false \
          :: readback.FrameDiskTest :: shouldNotPutAgainWhatItHas
          readback/FrameDisk.java :: length > bytesMax || length :: length \
          :: readback.FrameDiskTest :: shouldLeaveOutWhatIsLongerThanItself
          # A directory store tells what a power cut may take away, or tells two versions apart no more.
          object/directory/FileObjectStore.java \
          :: Files.move(temp, file, StandardCopyOption.ATOMIC_MOVE);\\n    syncParent(file); \
          :: Files.move(temp, file, StandardCopyOption.ATOMIC_MOVE); \
          :: object.directory.FailingDiskTest \
          :: shouldSyncTheObjectEachDirectoryThatItMakesAndTheOneOfTheObject
          object/directory/FileObjectStore.java \
          :: syncParent(file);\\n      return new PutResult.Refused(false); \
          :: return new PutResult.Refused(false); \
          :: object.directory.FailingDiskTest \
          :: shouldNotRefuseForAnObjectWhoseDirectoryCannotBeSynced
          object/directory/FileObjectStore.java \
          :: syncParent(file);\\n    return new PutResult.Stored(written.etag());\\n  }\\n\\n  private static \
          :: return new PutResult.Stored(written.etag());\\n  }\\n\\n  private static \
          :: object.directory.FailingDiskTest \
          :: shouldSyncTheObjectEachDirectoryThatItMakesAndTheOneOfTheObject
          object/directory/StoreDirectory.java :: sync(parent);\\n      } catch :: } catch \
          :: object.directory.FailingDiskTest \
          :: shouldSyncTheObjectEachDirectoryThatItMakesAndTheOneOfTheObject
          object/directory/FileObjectStore.java :: written.mtimeNs() <= old.mtimeNs() :: false \
          :: object.directory.FileObjectStoreTest \
          :: shouldGiveEachVersionALaterTimeThanTheOneBeforeWhateverTheClockSays
          object/directory/FileObjectStore.java \
          :: unsynced.put(StoreDirectory.parent(file), new Object()); :: // \
          :: object.directory.FailingDiskTest \
          :: shouldShowNothingThatIsNotDurableAfterItsDirectoryCouldNotBeSynced
          object/directory/FileObjectStore.java \
          :: settle(); // a key that is gone already counts as deleted :: // \
          :: object.directory.FailingDiskTest \
          :: shouldNotSayThatAKeyIsDeletedWhoseDirectoryCouldNotBeSynced
          # A store adopts, finds or repairs by less than the very blob.
          prefix/BlobLocations.java :: (first & LENGTH_MASK) == change.length() :: true \
          :: prefix.BlobLocationsTest :: shouldFindOnlyTheVeryBytesOfAChange
          prefix/Adoption.java :: if (chain.isLive(change)) { :: if (true) { \
          :: upload.ClaimedRangeTest :: shouldAdoptAPrefixThoughThereAreChangesThatNoMarkCovers
          prefix/Adoption.java :: change.sequence() > marked :: false \
          :: upload.ClaimedRangeTest :: shouldAdoptAPrefixThoughThereAreChangesThatNoMarkCovers
          prefix/Adoption.java :: return marked; :: return Long.MAX_VALUE; \
          :: upload.ClaimedRangeTest :: shouldAdoptAPrefixThoughThereAreChangesThatNoMarkCovers
          prefix/Adoption.java :: || chain.isLive(change)) { :: || false) { \
          :: prefix.AdoptionTest :: shouldCountADeleteAsDifferentOnlyIfTheTierHasTheBlob
          prefix/Adoption.java :: || chain.isLive(change)) { :: || true) { \
          :: prefix.AdoptionTest :: shouldCountADeleteAsDifferentOnlyIfTheTierHasTheBlob
          upload/RepairPass.java :: missing.upload(snapshot); :: // \
          :: RepairTest :: shouldHealALostBatchWhoseBlobsAreLocal
          upload/SurvivingBatches.java \
          :: last.putIfAbsent(high, low, truth.isBlob(high, low, length, crc) ? 1 : 0, 0)); \
          :: last.putIfAbsent(high, low, 1, 0)); \
          :: RepairTest :: shouldBringBackNothingThatTheStoreHasNoMore
          upload/SurvivingBatches.java :: data != null && truth.isBlob(high, low, length, crc); \
          :: data != null && truth.isLive(high, low); \
          :: RepairTest :: shouldKeepNoBatchOfWhichTheStoreHasNothing
          upload/RepairTruth.java :: (int) table.second(position) == crc; :: true; \
          :: RepairTest :: shouldTellABlobLostOfWhichOnlyOlderBytesAreLeft
          # A loop without an end, a checkpoint that is freed under its reader, another's bytes.
          object/retry/ConditionalPut.java :: round == ROUNDS_MAX :: false \
          :: object.retry.UnknownOutcomeTest \
          :: shouldGiveUpReplacingItsOwnTornObjectAfterSomeRounds
          follow/CheckpointIndex.java :: if (users == 0) {\\n      return false; \
          :: if (false) {\\n      return false; \
          :: follow.ChangedPrefixTest :: shouldNotKeepACheckpointThatItsLastReaderHasLeft
          # The record of what is lost goes with what is not listed.
          upload/CollectionPass.java :: live.addNames(lost); :: // \
          :: RepairTest :: shouldTellABlobLostOfWhichOnlyOlderBytesAreLeft
          upload/CollectionPass.java :: plan.kept().lost() :: List.of() \
          :: RepairTest :: shouldTellABlobLostOfWhichOnlyOlderBytesAreLeft
          # More is copied than a manifest can name, or what it names is deleted.
          upload/Compaction.java :: && sparse.size() < replacedMax :: && true \
          :: upload.CompactionTest :: shouldRewriteNoMoreBatchesThanItMay
          upload/CollectionPass.java :: live.addNames(held); :: // \
          :: CollectionRaceTest :: shouldFollowARunThatWasCutShortWithinAnotherProcess
          """)
  void shouldBeFound(String file, String right, String wrong, String test, String method)
      throws Exception {
    String name = PlantedTierBugsTest.class.getPackageName() + "." + test;
    PlantedBug bug =
        new PlantedBug(file, right.replace("\\n", "\n"), wrong.replace("\\n", "\n"), name, method);
    assumeThat(bug.isTried()).isTrue();
    if (PASSED.add(test + "#" + method)) {
      assertThat(bug.tryTestWithoutIt(newFolder())).as("without a bug").isNull();
    }
    Throwable found = bug.tryTest(newFolder());
    assertThat(found).as("what %s threw", method).isNotNull();
    assertThat(found instanceof AssertionError || isTyped(found))
        .as("found by an assertion or an exception of ours, not by %s", found)
        .isTrue();
  }

  private static boolean isTyped(Throwable found) {
    return found.getClass().getName().startsWith("io.ashlar.");
  }

  private Path newFolder() throws IOException {
    return Files.createTempDirectory(folder, "bug");
  }
}
