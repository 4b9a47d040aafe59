//! Models of the protocols, explored exhaustively by loom.
