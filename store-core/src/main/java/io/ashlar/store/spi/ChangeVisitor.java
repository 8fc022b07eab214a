package io.ashlar.store.spi;

/** Receives changes one by one, in no particular order. */
@FunctionalInterface
public interface ChangeVisitor {

  /**
   * Receives one change.
   *
   * @param change the last change of its id.
   */
  void onChange(BlobChange change);
}
