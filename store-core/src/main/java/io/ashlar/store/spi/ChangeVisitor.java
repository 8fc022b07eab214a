package io.ashlar.store.spi;

/** Receives changes one by one, in no particular order. */
@FunctionalInterface
public interface ChangeVisitor {

  /** One change. */
  void onChange(BlobChange change);
}
