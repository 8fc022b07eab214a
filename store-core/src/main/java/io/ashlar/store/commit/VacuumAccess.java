package io.ashlar.store.commit;

import io.ashlar.store.StallCause;
import io.ashlar.store.checkpoint.IndexCheckpointer;
import io.ashlar.store.commit.group.GroupCommitter;
import io.ashlar.store.commit.group.LogTail;
import io.ashlar.store.commit.role.RoleTasks;
import io.ashlar.store.vacuum.CommitAccess;
import io.ashlar.store.vacuum.Relocations;

/** The write path for vacuum. Thread: as in {@link CommitAccess}. */
final class VacuumAccess implements CommitAccess {

  private final EpochCommits commits;
  private final RoleTasks tasks;
  private final GroupCommitter committer;
  private final LogTail tail;
  private final IndexCheckpointer checkpointer;

  VacuumAccess(
      EpochCommits commits,
      RoleTasks tasks,
      GroupCommitter committer,
      LogTail tail,
      IndexCheckpointer checkpointer) {
    this.commits = commits;
    this.tasks = tasks;
    this.committer = committer;
    this.tail = tail;
    this.checkpointer = checkpointer;
  }

  @Override
  public void perform(Runnable task) {
    tasks.perform(StallCause.VACUUM, task);
  }

  @Override
  public void commit(Relocations relocations) {
    commits.fillAndCommit(buffer -> buffer.addRelocations(relocations));
  }

  @Override
  public void mark() {
    tasks.perform(StallCause.VACUUM, () -> committer.writeMark(null));
  }

  @Override
  public boolean isLogOutOfPlace(long limit, long fileBlocks) {
    return tail.isOutOfPlace(limit, fileBlocks);
  }

  @Override
  public boolean moveLog(long fileBlocks) {
    return tasks.ask(StallCause.VACUUM, () -> committer.moveLog(fileBlocks));
  }

  @Override
  public long logBlocks(long fileBlocks) {
    return 2 * tail.wantedBlocks(fileBlocks);
  }

  @Override
  public void startCheckpoint() {
    checkpointer.start(tail.position());
  }

  @Override
  public IndexCheckpointer checkpointer() {
    return checkpointer;
  }
}
