package io.ashlar.store.commit;

import io.ashlar.store.checkpoint.IndexCheckpointer;
import io.ashlar.store.vacuum.CommitAccess;
import io.ashlar.store.vacuum.Relocations;

/** The write path as vacuum sees it. Thread: as {@link CommitAccess} says. */
final class VacuumAccess implements CommitAccess {

  private final CommitPath path;
  private final GroupCommitter committer;
  private final LogTail tail;
  private final IndexCheckpointer checkpointer;

  VacuumAccess(
      CommitPath path, GroupCommitter committer, LogTail tail, IndexCheckpointer checkpointer) {
    this.path = path;
    this.committer = committer;
    this.tail = tail;
    this.checkpointer = checkpointer;
  }

  @Override
  public void perform(Runnable task) {
    path.performTask(task);
  }

  @Override
  public void commit(Relocations relocations) {
    EpochBuffer buffer = path.takeEpochBuffer();
    buffer.addRelocations(relocations);
    var _ = path.commit(buffer);
  }

  @Override
  public void mark() {
    path.performTask(() -> committer.writeMark(null));
  }

  @Override
  public boolean isLogOutOfPlace(long limit, long fileBlocks) {
    return tail.isOutOfPlace(limit, fileBlocks);
  }

  @Override
  public boolean moveLog(long fileBlocks) {
    boolean[] moved = new boolean[1];
    path.performTask(() -> moved[0] = committer.moveLog(fileBlocks));
    return moved[0];
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
