# Eigen 3.4, header only: the linear algebra around OpenBLAS in the f32 kernels.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 3.4 REQUIRED NO_MODULE)
endif()
