# oneTBB 2021: worker threads.
if(NOT TARGET TBB::tbb)
  find_package(TBB 2021 REQUIRED COMPONENTS tbb)
endif()
